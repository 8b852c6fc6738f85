"""`python -m sandbox.social`: settings in, served until a signal."""

import os

from sandbox.chassis import json_log
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.social.app import build_app
from sandbox.social.config import Settings

_THREADS = 8


def main() -> None:
    """Run the social provider."""
    settings = Settings.from_environment()
    json_log.configure(program="social", level=settings.log_level)
    if settings.issuer.startswith("http://"):
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # authlib's own switch; a local suite has no TLS
    server = build_server(build_app(settings), listen=settings.social_listen, threads=_THREADS)
    serve_until_signal(server, on_stop=lambda: None)


if __name__ == "__main__":
    main()
