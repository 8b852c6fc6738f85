"""Promised payments in MongoDB."""

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.mongo_values import key_of, when_present
from services.accounts.adapters.mongo_wishes import (
    ensure_one_holds,
    ensure_one_per_request,
    ensure_wish_indexes,
    errand_fields,
    errand_of,
    holder_of,
    latest,
)
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.promised_payment import UNPAID, PromisedPayment, PromisedPaymentState
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoPromisedPaymentRepository:
    """Collection `promised_payments`; `one_holds` lets an account have one that is open or under way."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = promised_payments_of(database)

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_wish_indexes(self._collection)
        ensure_one_holds(self._collection)
        ensure_one_per_request(self._collection)

    def get(self, wish_id: str, /) -> PromisedPayment | None:
        return self._one({"_id": wish_id})

    def listed(self, key: AccountKey, /) -> Sequence[PromisedPayment]:
        return [to_promised_payment(document) for document in latest(self._collection, key)]

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> PromisedPayment | None:
        return self._one({"subscriber_id": subscriber_id, "request_id": request_id})

    def held_on(self, key: AccountKey, /) -> PromisedPayment | None:
        return self._one(holder_of(key))

    def unpaid_on(self, key: AccountKey, /) -> Sequence[PromisedPayment]:
        states = sorted(state.value for state in UNPAID)
        unpaid = {"region": key.region, "number": key.number, "state": {"$in": states}}
        found = self._collection.find(unpaid, sort=[("created_at", DESCENDING)])
        return [to_promised_payment(document) for document in found]

    def save(self, wish: PromisedPayment, /) -> None:
        try:
            save_aggregate(
                self._collection,
                wish,
                document_id=wish.promised_payment_id,
                document=_to_document(wish),
            )
        except DuplicateKeyError:
            raise VersionConflict("Another promised payment was asked for at the same moment.") from None

    def _one(self, query: Document) -> PromisedPayment | None:
        document = self._collection.find_one(query)
        return to_promised_payment(document) if document else None


def promised_payments_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["promised_payments"]


def to_promised_payment(document: Document, /) -> PromisedPayment:
    """Return the promise in a document."""
    return PromisedPayment(
        promised_payment_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        request_id=document["request_id"],
        key=key_of(document),
        amount=Money.from_mapping(document["amount"]),
        created_at=document["created_at"],
        changed_at=document["changed_at"],
        errand=errand_of(document),
        state=PromisedPaymentState(document["state"]),
        fee=when_present(document["fee"], Money.from_mapping),
        repay_by=document["repay_by"],
        refusal_reason=document["refusal_reason"],
        version=document["version"],
    )


def _to_document(promise: PromisedPayment) -> Document:
    return {
        "subscriber_id": promise.subscriber_id,
        "request_id": promise.request_id,
        "region": promise.key.region,
        "number": promise.key.number,
        "amount": promise.amount.as_mapping(),
        "created_at": promise.created_at,
        "changed_at": promise.changed_at,
        "state": promise.state.value,
        "holds": str(promise.key) if promise.holds else None,
        "fee": when_present(promise.fee, Money.as_mapping),
        "repay_by": promise.repay_by,
        "refusal_reason": promise.refusal_reason,
    } | errand_fields(promise.errand)
