"""How values that several documents share are written to MongoDB and read back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pymongo.collection import Collection

from services.accounts.domain.account_key import AccountKey
from services.chassis.events import Event, to_outbox_entry
from services.chassis.mongo import save_versioned

Document = dict[str, Any]
T = TypeVar("T")


class Announcing(Protocol):
    """An aggregate with a version and events to publish."""

    version: int
    pending_events: list[Event]


def save_announcing(
    collection: Collection[Document], aggregate: Announcing, /, *, document_id: str, document: Document, now: datetime
) -> None:
    """Save an aggregate with its events in one update; after it they are no longer pending."""
    outbox = [to_outbox_entry(event, now=now, aggregate_id=document_id) for event in aggregate.pending_events]
    save_versioned(collection, document_id=document_id, version=aggregate.version, document=document, outbox=outbox)
    aggregate.version += 1
    aggregate.pending_events.clear()


def key_of(document: Document, /) -> AccountKey:
    """Return the account that a document is about."""
    return AccountKey(region=document["region"], number=document["number"])


def either_key(keys: Sequence[AccountKey], /) -> Document:
    """Return the filter for documents about any of the accounts."""
    return {"$or": [{"region": key.region, "number": key.number} for key in keys]}


def when_present(value: Any, read: Callable[[Any], T], /) -> T | None:
    """Return what `read` makes of a value, None for None."""
    return None if value is None else read(value)
