"""Service orders in MongoDB."""

from collections.abc import Sequence
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.mongo_values import key_of, when_present
from services.accounts.adapters.mongo_wishes import (
    ensure_one_per_request,
    ensure_wish_indexes,
    errand_fields,
    errand_of,
    latest,
    offer_document,
    offer_of,
)
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.service_order import ServiceOrder, ServiceOrderState
from services.chassis.errors import VersionConflict
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoServiceOrderRepository:
    """Collection `service_orders`; `requested_as` lets one request be one order."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = service_orders_of(database)

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_wish_indexes(self._collection)
        ensure_one_per_request(self._collection)

    def get(self, wish_id: str, /) -> ServiceOrder | None:
        document = self._collection.find_one({"_id": wish_id})
        return to_service_order(document) if document else None

    def listed(self, key: AccountKey, /) -> Sequence[ServiceOrder]:
        return [to_service_order(document) for document in latest(self._collection, key)]

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> ServiceOrder | None:
        document = self._collection.find_one({"subscriber_id": subscriber_id, "request_id": request_id})
        return to_service_order(document) if document else None

    def save(self, wish: ServiceOrder, /) -> None:
        try:
            save_aggregate(
                self._collection,
                wish,
                document_id=wish.service_order_id,
                document=_to_document(wish),
            )
        except DuplicateKeyError:
            raise VersionConflict("The same request made an order at the same moment.") from None


def service_orders_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["service_orders"]


def to_service_order(document: Document, /) -> ServiceOrder:
    """Return the order in a document."""
    return ServiceOrder(
        service_order_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        request_id=document["request_id"],
        key=key_of(document),
        offer_code=document["offer_code"],
        offer=when_present(document["offer"], offer_of),
        created_at=document["created_at"],
        changed_at=document["changed_at"],
        errand=errand_of(document),
        state=ServiceOrderState(document["state"]),
        asked_back_at=document["asked_back_at"],
        refusal_reason=document["refusal_reason"],
        version=document["version"],
    )


def _to_document(order: ServiceOrder) -> Document:
    return {
        "subscriber_id": order.subscriber_id,
        "request_id": order.request_id,
        "region": order.key.region,
        "number": order.key.number,
        "offer_code": order.offer_code,
        "offer": when_present(order.offer, offer_document),
        "created_at": order.created_at,
        "changed_at": order.changed_at,
        "state": order.state.value,
        "asked_back_at": order.asked_back_at,
        "refusal_reason": order.refusal_reason,
    } | errand_fields(order.errand)
