"""Saving one aggregate of payments: version, outbox, and what a duplicate key means."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from services.chassis.errors import VersionConflict
from services.chassis.mongo import as_written
from services.chassis.saving import Versioned
from services.chassis.work import DueWork, work_fields
from services.payments.domain.ports import AlreadySaved, PagePosition

Document = dict[str, Any]
Aggregate = TypeVar("Aggregate")


@contextmanager
def saving(aggregate: Versioned, /) -> Iterator[None]:
    """Save an aggregate within: VersionConflict is a lost race, AlreadySaved says that a new one is there already.

    A duplicate on an index that says something else leaves as DuplicateKeyError.
    """
    is_new = aggregate.version == 0
    try:
        yield
    except VersionConflict:
        if is_new:
            raise AlreadySaved from None
        raise
    except DuplicateKeyError as error:
        if "request_id" in duplicate_key(error):
            raise AlreadySaved from None
        raise


def duplicate_key(error: DuplicateKeyError, /) -> list[str]:
    """Return the fields of the index that was hit."""
    return list((error.details or {}).get("keyPattern", {}))


def after_position(after: PagePosition | None, *, time_field: str) -> Document:
    """Return the condition for rows older than a position; ids part rows of one moment."""
    if after is None:
        return {}
    return {
        "$or": [
            {time_field: {"$lt": after.at}},
            {time_field: after.at, "_id": {"$lt": after.row_id}},
        ]
    }


def hurry(collection: Collection[Document], wanted: Document, /, *, while_in: Sequence[str], now: datetime) -> bool:
    """Make the document that is wanted due now while it is in one of these states; return whether there is one.

    Moves `version` too: whoever is asking at this moment may have heard the answer of before. Looks first: most hints
    come when it is decided, and a write waits for journal and majority also in vain.
    """
    found = as_written(collection).find_one(wanted, {"state": 1})
    if found is not None and found["state"] in while_in:
        collection.update_one(
            {
                "_id": found["_id"],
                "state": {"$in": list(while_in)},
                "$or": [{"work.due_at": {"$gt": now}}, {"work.leased_by": {"$ne": None}}],
            },
            {"$set": work_fields(now), "$inc": {"version": 1}},
        )
    return found is not None


class MongoDue(Generic[Aggregate]):
    """Due documents as aggregates."""

    def __init__(self, work: DueWork, to_aggregate: Callable[[Document], Aggregate], /) -> None:
        self._work = work
        self._to_aggregate = to_aggregate

    def claim(self) -> Aggregate | None:
        document = self._work.claim()
        return None if document is None else self._to_aggregate(document)
