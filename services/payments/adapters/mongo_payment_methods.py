"""Saved cards in MongoDB."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from services.chassis.saving import save_aggregate
from services.payments.adapters.mongo_saving import saving
from services.payments.domain.payment_method import PaymentMethod

Document = dict[str, Any]


class MongoPaymentMethodRepository:
    """See PaymentMethodRepository."""

    def __init__(self, database: Database[Document], /) -> None:
        self._methods = database["payment_methods"]

    def ensure_indexes(self) -> None:
        self._methods.create_index([("subscriber_id", ASCENDING), ("saved_at", DESCENDING)], name="of_subscriber")

    def get(self, payment_method_id: str, /) -> PaymentMethod | None:
        document = self._methods.find_one({"_id": payment_method_id})
        return None if document is None else _to_method(document)

    def usable_of(self, *, subscriber_id: str) -> Sequence[PaymentMethod]:
        rows = self._methods.find(
            {"subscriber_id": subscriber_id, "removed_at": None}, sort=[("saved_at", DESCENDING), ("_id", DESCENDING)]
        )
        return [_to_method(row) for row in rows]

    def save(self, method: PaymentMethod, /) -> None:
        with saving(method):
            save_aggregate(self._methods, method, document_id=method.payment_method_id, document=_to_document(method))


def _to_method(document: Document) -> PaymentMethod:
    return PaymentMethod(
        payment_method_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        brand=document["brand"],
        last4=document["last4"],
        expires=document["expires"],
        saved_at=document["saved_at"],
        acquirer_method_id=document["acquirer_method_id"],
        issuer_country=document.get("issuer_country", ""),
        removed_at=document["removed_at"],
        version=document["version"],
    )


def _to_document(method: PaymentMethod) -> Document:
    return {
        "subscriber_id": method.subscriber_id,
        "brand": method.brand,
        "last4": method.last4,
        "expires": method.expires,
        "saved_at": method.saved_at,
        "acquirer_method_id": method.acquirer_method_id,
        "issuer_country": method.issuer_country,
        "removed_at": method.removed_at,
    }
