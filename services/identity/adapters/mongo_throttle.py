"""Counters of attempts in MongoDB, by the limits library, so that all replicas count together."""

import time
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MongoDBStorage
from limits.strategies import FixedWindowRateLimiter

_NAMESPACE = "identity"


class MongoThrottle:
    """`Throttle` with fixed windows that begin at the first attempt: one write per attempt, one read per refusal."""

    def __init__(self, *, mongo_url: str, database: str) -> None:
        """Connect with a client of the library's own and make its indexes; counters are no state to be journaled."""
        self._storage = MongoDBStorage(
            mongo_url,
            database_name=database,
            counter_collection_name="attempts",
            window_collection_name="attempt_windows",
            w=1,
            timeoutMS=3000,
            serverSelectionTimeoutMS=3000,
        )
        self._client = self._storage.storage
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._items: dict[str, RateLimitItem] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def hit(self, rate: str, /, *key: str) -> int | None:
        item = self._item(rate)
        if self._limiter.hit(item, _NAMESPACE, *key):
            return None
        stats = self._limiter.get_window_stats(item, _NAMESPACE, *key)
        return max(1, ceil(stats.reset_time - time.time()))

    def forget(self, rate: str, /, *key: str) -> None:
        self._limiter.clear(self._item(rate), _NAMESPACE, *key)

    def _item(self, rate: str) -> RateLimitItem:
        if rate not in self._items:
            self._items[rate] = parse(rate)
        return self._items[rate]
