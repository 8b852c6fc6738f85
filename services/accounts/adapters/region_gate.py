"""The gate before each region: a breaker and a bulkhead, so that a region that hangs holds only its own callers.

The breaker is our own: pybreaker holds its lock while the guarded call runs, so that calls to one region would go one
after the other, and it cannot tell a caller's own short deadline from a region that is down.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.accounts.domain.errors import RegionUnavailable
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.logs import get_logger

T = TypeVar("T")

# A region that was given less than this and did not answer has not failed: the caller was in a hurry.
_FAIR_WAIT_S = 0.5
_LONGEST_QUEUE_S = 0.1
_OUTAGE = frozenset({Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED})

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """When a region is left alone, for how long, and how many calls it gets at a time."""

    failures: int
    pause_s: float
    calls: int


class RegionGate:
    """Lets calls through to one region, from any number of threads.

    After `failures` calls in a row without an answer none is let through for `pause_s`; then one is, and its outcome
    decides. Waiting for a free place is short: a caller is better told at once than kept.
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

    @property
    def answers(self) -> bool:
        """Say whether the region answered when it was last asked; before the first call, it is believed to."""
        with self._lock:
            return self._failures == 0

    def pass_through(self, call: Callable[[], T], /) -> T:
        """Make the call and return its answer.

        Raises `RegionUnavailable` without calling when the region is being left alone or has no free place, and what
        the call raises.
        """
        if not self._places.acquire(timeout=_LONGEST_QUEUE_S):
            raise RegionUnavailable(region=self._region)
        try:
            self._enter()
            return self._watched(call)
        finally:
            self._places.release()

    def _watched(self, call: Callable[[], T]) -> T:
        began_at = self._monotonic()
        outcome: bool | None = None
        try:
            answer = call()
            outcome = True
        except RemoteError as error:
            outcome = self._judge(error, waited_s=self._monotonic() - began_at)
            raise
        finally:
            self._leave(outcome)
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
                raise RegionUnavailable(region=self._region)
            self._trying = True

    def _leave(self, answered: bool | None) -> None:
        with self._lock:
            self._trying = False
            if answered is None:
                return
            was_closed = self._closed_until is not None
            self._failures = 0 if answered else self._failures + 1
            closes = self._failures >= self._rules.failures
            self._closed_until = self._monotonic() + self._rules.pause_s if closes else None
        if closes != was_closed:
            _log.warning("region_left_alone" if closes else "region_answers_again", region=self._region)
