"""Saving an aggregate by what it has in common with all others: a version, and often events to publish."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pymongo.collection import Collection

from services.chassis.events import to_outbox_entry
from services.chassis.mongo import Document, VersionedSave, save_many_versioned, save_versioned


class Versioned(Protocol):
    """An aggregate that knows the version it was read at; 0 when it is new."""

    version: int


class Announcing(Versioned, Protocol):
    """An aggregate that also holds the events which its next save publishes."""

    pending_events: Any  # a list of events of the service's own: lists of different events are no common type


A = TypeVar("A", bound=Announcing)


def save_aggregate(
    collection: Collection[Document], aggregate: Versioned, /, *, document_id: str, document: Mapping[str, Any]
) -> None:
    """Save an aggregate, which from then on is of the next version. On the terms of `save_versioned`."""
    save_versioned(collection, document_id=document_id, version=aggregate.version, document=document)
    aggregate.version += 1


def save_announcing(
    collection: Collection[Document],
    aggregate: Announcing,
    /,
    *,
    document_id: str,
    document: Mapping[str, Any],
    now: datetime,
) -> None:
    """Save an aggregate with its events in one update; after it they are no longer pending, and `now` is when they
    occurred. On the terms of `save_versioned`; what was not saved stays pending."""
    outbox = [to_outbox_entry(event, now=now, aggregate_id=document_id) for event in aggregate.pending_events]
    save_versioned(collection, document_id=document_id, version=aggregate.version, document=document, outbox=outbox)
    aggregate.version += 1
    aggregate.pending_events.clear()


def save_many_announcing(
    collection: Collection[Document],
    aggregates: Mapping[str, A],
    /,
    *,
    to_document: Callable[[A], Mapping[str, Any]],
    now: datetime,
) -> frozenset[str]:
    """Save aggregates by their ids, each with its events, in one bulk; return the ids of those that may not be saved.
    On the terms of `save_many_versioned`."""
    lost = save_many_versioned(
        collection,
        [
            VersionedSave(
                document_id=document_id,
                version=aggregate.version,
                document=to_document(aggregate),
                outbox=[
                    to_outbox_entry(event, now=now, aggregate_id=document_id) for event in aggregate.pending_events
                ],
            )
            for document_id, aggregate in aggregates.items()
        ],
    )
    for document_id, aggregate in aggregates.items():
        if document_id not in lost:
            aggregate.version += 1
            aggregate.pending_events.clear()
    return lost
