"""Threads that ask regions for figures beside the calls that want them; each region has its own few."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.chassis.deadline import DeadlineTooShort, timeout_s
from services.chassis.errors import DomainError
from services.chassis.logs import get_logger

# Refreshes of one region that wait for a thread: more of them would be late for everybody who asks.
_WAITING_PER_THREAD = 8

_log = get_logger(__name__)


class RefreshPool:
    """One refresh per account at a time, whoever asks; one pool per region, made when it is first needed.

    A region that hangs keeps its own threads busy and nobody else's. Work begun goes on when nobody waits any more:
    what comes late is remembered for the next one who asks.
    """

    def __init__(self, refresh: Callable[[AccountKey], AccountSnapshot], *, threads_per_region: int) -> None:
        self._refresh = refresh
        self._threads = threads_per_region
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._under_way: dict[AccountKey, Future[AccountSnapshot]] = {}
        self._lock = Lock()
        self._stopped = False

    def refresh(self, keys: Sequence[AccountKey], /, *, within_s: float) -> Mapping[AccountKey, AccountSnapshot]:
        """Return the snapshots that came within the time, or within what the call being answered has left."""
        asked = {key: future for key in keys if (future := self._begin(key)) is not None}
        try:
            wait(asked.values(), timeout=timeout_s(within_s))
        except DeadlineTooShort:
            _log.info("no_time_to_wait_for_regions", accounts=len(asked))
        return {key: future.result() for key, future in asked.items() if _succeeded(future)}

    def stop(self, *, grace_s: float = 0.0) -> None:
        """Take nothing more in. What is under way ends by its own deadline; nothing but freshness hangs on it."""
        with self._lock:
            self._stopped = True
            under_way = list(self._under_way.values())
            pools = list(self._pools.values())
        wait(under_way, timeout=grace_s)
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, key: AccountKey) -> Future[AccountSnapshot] | None:
        with self._lock:
            future = self._under_way.get(key)
            if future is None and self._has_room(key.region):
                future = self._pool(key.region).submit(self._refresh, key)
                self._under_way[key] = future
                begun = True
            else:
                begun = False
        if begun and future is not None:
            future.add_done_callback(lambda done: self._end(key, done))
        return future

    def _end(self, key: AccountKey, future: Future[AccountSnapshot]) -> None:
        with self._lock:
            self._under_way.pop(key, None)
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, DomainError):
            _log.error("refresh_failed", region=key.region, error=type(error).__name__, exc_info=error)

    def _has_room(self, region: str) -> bool:
        waiting = sum(1 for key in self._under_way if key.region == region)
        return not self._stopped and waiting < self._threads * (1 + _WAITING_PER_THREAD)

    def _pool(self, region: str) -> ThreadPoolExecutor:
        if region not in self._pools:
            self._pools[region] = ThreadPoolExecutor(self._threads, thread_name_prefix=f"refresh-{region}")
        return self._pools[region]


def _succeeded(future: Future[AccountSnapshot]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
