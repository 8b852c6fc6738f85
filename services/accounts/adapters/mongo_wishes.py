"""What documents of wishes have alike: account, errand, lists, the queue of those that are due."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.accounts.adapters.regional_work import RegionalWork
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import ServiceKind
from services.accounts.domain.errand import Errand
from services.accounts.domain.service_order import ServiceOffer
from services.chassis.money import Money
from services.chassis.mongo import exactly
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields

Document = dict[str, Any]
W = TypeVar("W")

_LISTED = 20


class MongoWishQueue(Generic[W]):
    """Due wishes of one collection, leased to one claimer at a time."""

    def __init__(self, work: DueWork | RegionalWork, read: Callable[[Document], W], /) -> None:
        self._work = work
        self._read = read

    def claim(self) -> W | None:
        document = self._work.claim()
        return self._read(document) if document else None


def ensure_wish_indexes(collection: Collection[Document], /) -> None:
    """Create what every collection of wishes needs."""
    ensure_work_index(collection)
    collection.create_index(
        [("region", ASCENDING), ("number", ASCENDING), ("created_at", DESCENDING)], name="on_account"
    )


def ensure_one_holds(collection: Collection[Document], /) -> None:
    """Let one wish hold an account at a time: `holds` is the account's name while it does, None afterwards."""
    collection.create_index(
        "holds", name="one_holds", unique=True, partialFilterExpression={"holds": {"$type": "string"}}
    )


def holder_of(key: AccountKey, /) -> Document:
    """Return the filter for the wish that holds an account."""
    return {"holds": exactly(str(key))}


def ensure_one_per_request(collection: Collection[Document], /) -> None:
    """Let one request of a subscriber be one wish."""
    collection.create_index([("subscriber_id", ASCENDING), ("request_id", ASCENDING)], name="requested_as", unique=True)


def latest(collection: Collection[Document], key: AccountKey, /) -> Sequence[Document]:
    """Return the account's latest documents, newest first."""
    return list(
        collection.find(
            {"region": key.region, "number": key.number},
            sort=[("created_at", DESCENDING), ("_id", ASCENDING)],
            limit=_LISTED,
        )
    )


def errand_fields(errand: Errand, /) -> Document:
    """Return the errand's part of a document."""
    return {
        "tries": errand.tries,
        "looks": errand.looks,
        "last_problem": errand.last_problem,
        "failing_since": errand.failing_since,
    } | work_fields(errand.due_at)


def errand_of(document: Document, /) -> Errand:
    """Return what `errand_fields` wrote."""
    return Errand(
        due_at=due_at_of(document),
        tries=document["tries"],
        looks=document["looks"],
        last_problem=document["last_problem"],
        failing_since=document["failing_since"],
    )


def offer_document(offer: ServiceOffer, /) -> Document:
    """Return an offer's part of a document."""
    return {
        "offer_code": offer.offer_code,
        "kind": offer.kind.value,
        "name": offer.name,
        "connection_price": offer.connection_price.as_mapping(),
        "monthly_fee": offer.monthly_fee.as_mapping(),
    }


def offer_of(document: Document, /) -> ServiceOffer:
    """Return what `offer_document` wrote."""
    return ServiceOffer(
        offer_code=document["offer_code"],
        kind=ServiceKind(document["kind"]),
        name=document["name"],
        connection_price=Money.from_mapping(document["connection_price"]),
        monthly_fee=Money.from_mapping(document["monthly_fee"]),
    )
