"""Where gunicorn finds the app; each worker process makes its own."""

import os

from gateway.config import load
from gateway.metrics_folder import open_metrics_folder

_settings = load()
if _settings.metrics_listen:
    # The metrics library decides at its import whether several processes share their numbers.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(open_metrics_folder(_settings.metrics_folder))

from gateway.app import create_app  # noqa: E402
from gateway.observing import serve_metrics  # noqa: E402
from services.chassis import logs  # noqa: E402

logs.configure(service="gateway", level=_settings.log_level)
if _settings.metrics_listen:
    serve_metrics(_settings.metrics_listen)
app = create_app(_settings)
