"""The gate before each region: a breaker and a bulkhead, so that a region that hangs holds only its own callers.

The breaker is our own: pybreaker holds its lock while the guarded call runs, so that calls to one region would go one
after the other, and it cannot tell a caller's own short deadline from a region that is down.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.accounts.domain.errors import RegionNotAsked
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.logs import get_logger

T = TypeVar("T")

_FIRST_PAUSE_S = 0.25
# A region that was given less than this and did not answer has not failed: the caller was in a hurry. One that keeps a
# call longer is slow, and is not waited for by whoever can do without.
_FAIR_WAIT_S = 0.5
_LONGEST_QUEUE_S = 0.1
_OUTAGE = frozenset({Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED})

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """When a region is left alone, for how long at most, and how many calls it gets at a time."""

    failures: int
    pause_s: float
    calls: int

    def pause_after(self, failures: int, /) -> float:
        """Return how long it is left alone after so many failures in a row: a restart takes a second, an outage
        lasts."""
        return min(self.pause_s, _FIRST_PAUSE_S * 2.0 ** min(failures - self.failures, 10))


class RegionGate:
    """Lets calls through to one region, from any number of threads.

    After `failures` calls in a row without an answer none is let through for a while, which grows up to `pause_s`; then
    one is, and its outcome decides. Waiting for a free place is short: a caller is better told at once than kept.
    """

    def __init__(self, region: str, *, rules: GateRules, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._region = region
        self._rules = rules
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(rules.calls)
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until: float | None = None
        self._trying = False
        self._waiting_since: dict[object, float] = {}  # in the order of beginning, so the first one is the oldest

    @property
    def answers(self) -> bool:
        """Say whether the region answered when it was last asked, and keeps nobody waiting now.

        Before the first call it is believed to answer.
        """
        with self._lock:
            oldest = next(iter(self._waiting_since.values()), None)
            return self._failures == 0 and (oldest is None or self._monotonic() - oldest < _FAIR_WAIT_S)

    def room(self, most: int, /) -> int:
        """Return how many calls may be begun on somebody's behalf who begins `most` at a time: none while the region is
        left alone, one when it is to be tried."""
        with self._lock:
            if self._closed_until is None:
                return most
            return 0 if self._trying or self._monotonic() < self._closed_until else 1

    def opens_in_s(self) -> float | None:
        """Return how long the region is still left alone; None when it is not, or when a call is trying it now."""
        with self._lock:
            left_s = 0.0 if self._closed_until is None or self._trying else self._closed_until - self._monotonic()
        return left_s if left_s > 0 else None

    def pass_through(self, call: Callable[[], T], /) -> T:
        """Make the call and return its answer.

        Raises `RegionNotAsked` without calling when the region is being left alone or has no free place, and what the
        call raises.
        """
        if not self._places.acquire(timeout=_LONGEST_QUEUE_S):
            raise RegionNotAsked(region=self._region)
        try:
            self._enter()
            return self._watched(call)
        finally:
            self._places.release()

    def _watched(self, call: Callable[[], T]) -> T:
        token, began_at = object(), self._monotonic()
        with self._lock:
            self._waiting_since[token] = began_at
        outcome: bool | None = None
        try:
            answer = call()
            outcome = True
        except RemoteError as error:
            outcome = self._judge(error, waited_s=self._monotonic() - began_at)
            raise
        finally:
            self._leave(token, outcome)
        return answer

    def _judge(self, error: RemoteError, *, waited_s: float) -> bool | None:
        """Say whether the region answered; None when nothing can be said."""
        if error.kind not in _OUTAGE:
            return True
        if error.kind is Kind.DEADLINE_EXCEEDED and waited_s < _FAIR_WAIT_S:
            return None
        return False

    def _enter(self) -> None:
        with self._lock:
            if self._closed_until is None:
                return
            if self._trying or self._monotonic() < self._closed_until:
                raise RegionNotAsked(region=self._region)
            self._trying = True

    def _leave(self, token: object, answered: bool | None) -> None:
        with self._lock:
            del self._waiting_since[token]
            self._trying = False
            if answered is None:
                return
            was_closed = self._closed_until is not None
            self._failures = 0 if answered else self._failures + 1
            closes = self._failures >= self._rules.failures
            pause_s = self._rules.pause_after(self._failures) if closes else 0.0
            self._closed_until = self._monotonic() + pause_s if closes else None
        if closes != was_closed:
            _log.warning("region_left_alone" if closes else "region_answers_again", region=self._region)
