"""How values that several documents share are written to MongoDB and read back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pymongo.collection import Collection

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.chassis.events import Event, to_outbox_entry
from services.chassis.money import Money
from services.chassis.mongo import VersionedSave, save_many_versioned, save_versioned

Document = dict[str, Any]
T = TypeVar("T")
A = TypeVar("A", bound="Announcing")


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


def save_many_announcing(
    collection: Collection[Document],
    aggregates: Mapping[str, A],
    /,
    *,
    to_document: Callable[[A], Document],
    now: datetime,
) -> frozenset[str]:
    """Save aggregates by their ids, each with its events, in one bulk; return the ids of those that may not be
    saved."""
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


def key_of(document: Document, /) -> AccountKey:
    """Return the account that a document is about."""
    return AccountKey(region=document["region"], number=document["number"])


def either_key(keys: Sequence[AccountKey], /) -> Document:
    """Return the filter for documents about any of the accounts: one run through an index per region."""
    numbers: dict[str, list[str]] = {}
    for key in keys:
        numbers.setdefault(key.region, []).append(key.number)
    return {"$or": [{"region": region, "number": {"$in": some}} for region, some in numbers.items()]}


def when_present(value: Any, read: Callable[[Any], T], /) -> T | None:
    """Return what `read` makes of a value, None for None."""
    return None if value is None else read(value)


def plan_document(plan: TariffPlan, /) -> Document:
    """Return a tariff plan's part of a document."""
    return {
        "tariff_plan_id": plan.tariff_plan_id,
        "name": plan.name,
        "monthly_fee": plan.monthly_fee.as_mapping(),
    }


def plan_of(document: Document, /) -> TariffPlan:
    """Return what `plan_document` wrote."""
    return TariffPlan(
        tariff_plan_id=document["tariff_plan_id"],
        name=document["name"],
        monthly_fee=Money.from_mapping(document["monthly_fee"]),
    )
