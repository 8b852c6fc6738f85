"""Saving one aggregate of payments: version, outbox, and what a duplicate key means."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from services.chassis.errors import VersionConflict
from services.chassis.mongo import save_versioned
from services.chassis.work import DueWork
from services.payments.domain.ports import AlreadySaved, PagePosition

Document = dict[str, Any]
Aggregate = TypeVar("Aggregate")


def save_aggregate(
    collection: Collection[Document],
    *,
    document_id: str,
    version: int,
    document: Document,
    outbox: Sequence[Document] = (),
) -> None:
    """Save; raises VersionConflict for a lost race, AlreadySaved when a new one is there already.

    A duplicate on an index that says something else leaves as DuplicateKeyError.
    """
    try:
        save_versioned(collection, document_id=document_id, version=version, document=document, outbox=outbox)
    except VersionConflict:
        if version == 0:
            raise AlreadySaved(document_id) from None
        raise
    except DuplicateKeyError as error:
        if "request_id" in duplicate_key(error):
            raise AlreadySaved(document_id) from None
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


class MongoDue(Generic[Aggregate]):
    """Due documents as aggregates."""

    def __init__(self, work: DueWork, to_aggregate: Callable[[Document], Aggregate], /) -> None:
        self._work = work
        self._to_aggregate = to_aggregate

    def claim(self) -> Aggregate | None:
        document = self._work.claim()
        return None if document is None else self._to_aggregate(document)

    def seconds_until_due(self) -> float | None:
        return self._work.seconds_until_due()
