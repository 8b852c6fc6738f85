"""Refusing early what cannot be answered in time: payments keep a share that browsing cannot take."""

from collections.abc import Mapping
from threading import Lock

from flask import Flask, g, request
from prometheus_client import Counter, Gauge

from gateway.errors import Overloaded

_SHARES = {"money": 1.0, "general": 0.8, "catalogue": 0.5}
_LANES = {
    "api_payments": "money",
    "api_autopay": "money",
    "api_webhooks": "money",
    "cabinet_payments": "money",
    "cabinet_autopay": "money",
    "api_content": "catalogue",
    "cabinet_catalogue": "catalogue",
    "cabinet_help": "catalogue",
}
_EXEMPT = {"healthz", "readyz", "static", None}

_under_way = Gauge("http_requests_under_way", "Requests being answered", multiprocess_mode="livesum")
_shed = Counter("http_requests_shed_total", "Requests refused because too many were under way", ["lane"])


class UnderWay:
    """How many requests are being answered, and which share of them each lane may fill.

    There are more threads than `most`, so that a refusal does not wait for a thread itself.
    """

    def __init__(self, *, most: int, shares: Mapping[str, float] = _SHARES) -> None:
        self._limits = {lane: max(1, int(most * share)) for lane, share in shares.items()}
        self._count = 0
        self._lock = Lock()

    def enter(self, lane: str, /) -> bool:
        """Count a request in, and tell whether there was room for it."""
        with self._lock:
            if self._count >= self._limits[lane]:
                return False
            self._count += 1
            return True

    def leave(self) -> None:
        """Count a request out."""
        with self._lock:
            self._count -= 1


def shed_overload(app: Flask, under_way: UnderWay, /) -> None:
    """Refuse requests of an app while too many are under way."""

    @app.before_request
    def enter() -> None:
        if request.endpoint in _EXEMPT:
            return
        lane = _LANES.get(request.blueprint or "", "general")
        if not under_way.enter(lane):
            _shed.labels(lane).inc()
            raise Overloaded("Too many requests are under way.")
        g.counted_in = True
        _under_way.inc()

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        if g.pop("counted_in", False):
            under_way.leave()
            _under_way.dec()
