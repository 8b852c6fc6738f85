"""Due work that hangs on aggregates, claimed by lease and fenced by version; what is to be done is not known here.

An aggregate that is not final keeps a `due_at`. Whoever claims it crashes, or finishes and saves: either way somebody
finds it again when it is due. That is the janitor; there is no other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.collection import Collection

from services.chassis.clock import Clock, SystemClock

Document = dict[str, Any]


def work_fields(due_at: datetime | None, /) -> Document:
    """Return the `work` part of an aggregate's document; saving it frees the lease.

    `due_at` is when the next step is to be tried, None when there is none.
    """
    return {"work": {"due_at": due_at, "lease_until": None, "leased_by": None}}


def due_at_of(document: Document, /) -> datetime | None:
    """Return what `work_fields` wrote."""
    moment: datetime | None = document["work"]["due_at"]
    return moment


def ensure_work_index(collection: Collection[Document], /, *, told_apart_by: str = "") -> None:
    """Index what is due, and nothing else: what has no next step costs nothing.

    `told_apart_by` is a field by which claims leave some of it out: they do so without reading the documents.
    """
    further = [(told_apart_by, ASCENDING)] if told_apart_by else []
    collection.create_index(
        [("work.due_at", ASCENDING), ("work.lease_until", ASCENDING), *further],
        name="_".join(["work_due", *(name for name, _ in further)]),
        partialFilterExpression={"work.due_at": {"$type": "date"}},
    )


class DueWork:
    """The documents of one collection whose `work.due_at` has come, each given to one claimer at a time."""

    def __init__(
        self,
        collection: Collection[Document],
        *,
        owner: str,
        clock: Clock,
        lease_s: float = 60.0,
        lease_clock: Clock | None = None,
    ) -> None:
        """Compare `due_at` with `clock` and leases with `lease_clock`, the machine's own by default.

        So a suite that jumps a month ahead makes work due, but does not make the one who works on it look dead.
        """
        self._collection = collection
        self._owner = owner
        self._clock = clock
        self._lease_s = lease_s
        self._lease_clock = lease_clock or SystemClock()

    @property
    def collection_name(self) -> str:
        """Whose documents the work hangs on."""
        return self._collection.name

    def claim(self, *, where: Document | None = None) -> Document | None:
        """Return the longest-due document that nobody works on, now leased to this owner; None when there is none.

        `where` leaves out what cannot be worked on now.

        Claiming moves `version`, so whoever held an expired lease gets a VersionConflict from its late save: at most
        one of two claimers has its result recorded. The side effect itself is idempotent by its own key.

        A claim waits for journal and majority also when it finds nothing: ask `next_waits_s` first.
        """
        now = self._lease_clock.now()
        return self._collection.find_one_and_update(
            self._due() | self._free(now) | (where or {}),
            {
                "$set": {
                    "work.lease_until": now + timedelta(seconds=self._lease_s),
                    "work.leased_by": self._owner,
                },
                "$inc": {"version": 1},
            },
            sort=[("work.due_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )

    def next_waits_s(self, *, where: Document | None = None) -> Sequence[float]:
        """Return how long the next two documents have to wait, so that a loop can sleep exactly that and knows whether
        there is work for two: 0 for what is due, the earlier first; fewer when no more wait."""
        waiting = {"work.due_at": {"$type": "date"}} | self._free(self._lease_clock.now()) | (where or {})
        found = self._collection.find(waiting, {"work.due_at": 1}, sort=[("work.due_at", ASCENDING)], limit=2)
        return [self.seconds_until(document["work"]["due_at"]) for document in found]

    def seconds_until(self, due_at: datetime, /) -> float:
        """Return how long what is due then has to wait, 0 when it is due."""
        return max(0.0, (due_at - self._clock.now()).total_seconds())

    def _due(self) -> Document:
        return {"work.due_at": {"$type": "date", "$lte": self._clock.now()}}

    @staticmethod
    def _free(now: datetime) -> Document:
        return {"$or": [{"work.lease_until": None}, {"work.lease_until": {"$lte": now}}]}
