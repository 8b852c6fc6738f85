"""One log line and one measurement per request, without a word that could be personal: no address, path or body."""

import secrets
import threading
import time

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from services.chassis.logs import get_logger

_QUIET = {"healthz", "readyz", "static"}
_TRY_AGAIN_S = 5.0

_log = get_logger(__name__)
_answered = Histogram("http_request_seconds", "Time to answer a request", ["endpoint", "status"])


def observe(app: Flask, /) -> None:
    """Give every request an id and a time; must come before all other hooks."""
    app.before_request(_begin)
    app.after_request(_tell)


def request_id() -> str:
    """Return the id of the request at hand; made here, never taken from the client."""
    found: str = g.request_id
    return found


def _begin() -> None:
    g.request_id = secrets.token_hex(16)
    g.began_at = time.perf_counter()


def _tell(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    took_s = time.perf_counter() - g.began_at
    response.headers["X-Request-Id"] = g.request_id
    _answered.labels(endpoint, str(response.status_code)).observe(took_s)
    if endpoint not in _QUIET:
        _log.info(
            "request_answered",
            request_id=g.request_id,
            endpoint=endpoint,
            method=request.method,
            status=response.status_code,
            took_ms=round(took_s * 1000, 1),
            reason=g.get("reason", ""),
        )
    return response


def serve_metrics(listen: str, /) -> None:
    """Serve the numbers of all workers on one port, by whichever worker gets it; another takes over when that ends."""
    threading.Thread(target=_serve, args=(listen,), name="metrics", daemon=True).start()


def _serve(listen: str) -> None:
    host, _, port = listen.rpartition(":")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    while True:
        try:
            start_http_server(int(port), addr=host, registry=registry)
            return
        except OSError:
            time.sleep(_TRY_AGAIN_S)
