"""One leader per name among replicas, by a lease in MongoDB; what the leader does is not known here."""

import time
from datetime import timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock, SystemClock

Document = dict[str, Any]


class LeaderLease:
    """A lease that one owner holds at a time, kept by renewing and lost by silence.

    A process that stops without releasing it is replaced after `ttl_s`. A process that sleeps through its own lease and
    wakes up as a zombie finds out by `hold()`; what it did in between is told apart by `token`, which grows with each
    change of owner. The clock is the machine's by default, also in suites that shift the clock of everything else: a
    lease measures the life of a process, not the calendar.
    """

    def __init__(
        self,
        collection: Collection[Document],
        *,
        name: str,
        owner: str,
        ttl_s: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        self._collection = collection
        self._name = name
        self._owner = owner
        self._ttl_s = ttl_s
        self._clock = clock or SystemClock()
        self._token = 0
        self._held_until = 0.0

    @property
    def token(self) -> int:
        """The fencing token of the last successful acquisition; 0 before the first."""
        return self._token

    def hold(self) -> bool:
        """Say whether this owner leads now, taking or renewing the lease when it is time to.

        Cheap to call in a loop: it asks MongoDB only when less than half of the lease is left.
        """
        if time.monotonic() < self._held_until - self._ttl_s / 2:
            return True
        return self.renew() or self.acquire()

    def acquire(self) -> bool:
        """Take the lease if it is free or expired; False when somebody else holds it."""
        now = self._clock.now()
        asked_at = time.monotonic()
        try:
            lease = self._collection.find_one_and_update(
                {"_id": self._name, "expires_at": {"$lte": now}},
                {"$set": self._claim(), "$inc": {"token": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return False
        assert lease is not None, "an upsert that asks for the document after it always has one"
        self._token = lease["token"]
        self._held_until = asked_at + self._ttl_s
        return True

    def renew(self) -> bool:
        """Prolong the lease if it is still this owner's; False when it never was, or was taken over."""
        if not self._token:
            return False
        asked_at = time.monotonic()
        result = self._collection.update_one(self._mine(), {"$set": self._claim()})
        self._held_until = asked_at + self._ttl_s if result.matched_count else 0.0
        return result.matched_count == 1

    def release(self) -> None:
        """Let the next one lead at once; without effect when the lease is not this owner's."""
        self._held_until = 0.0
        self._collection.update_one(self._mine(), {"$set": {"expires_at": self._clock.now()}})

    def _mine(self) -> Document:
        return {"_id": self._name, "owner": self._owner, "token": self._token}

    def _claim(self) -> Document:
        return {"owner": self._owner, "expires_at": self._clock.now() + timedelta(seconds=self._ttl_s)}
