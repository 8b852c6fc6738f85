"""Tariff changes in MongoDB."""

from collections.abc import Sequence
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.mongo_tariff_quotes import quoted_document, quoted_of
from services.accounts.adapters.mongo_values import key_of
from services.accounts.adapters.mongo_wishes import (
    ensure_one_holds,
    ensure_wish_indexes,
    errand_fields,
    errand_of,
    holder_of,
    latest,
)
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ordering_errors import TariffChangePending
from services.accounts.domain.tariff_change import TariffChange, TariffChangeState
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoTariffChangeRepository:
    """Collection `tariff_changes`; `_id` follows from the quote, and `one_holds` lets an account have one pending."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = tariff_changes_of(database)

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_wish_indexes(self._collection)
        ensure_one_holds(self._collection)

    def get(self, wish_id: str, /) -> TariffChange | None:
        document = self._collection.find_one({"_id": wish_id})
        return to_tariff_change(document) if document else None

    def listed(self, key: AccountKey, /) -> Sequence[TariffChange]:
        return [to_tariff_change(document) for document in latest(self._collection, key)]

    def pending_on(self, key: AccountKey, /) -> TariffChange | None:
        document = self._collection.find_one(holder_of(key))
        return to_tariff_change(document) if document else None

    def save(self, wish: TariffChange, /) -> None:
        try:
            save_aggregate(
                self._collection,
                wish,
                document_id=wish.tariff_change_id,
                document=_to_document(wish),
            )
        except DuplicateKeyError:
            raise TariffChangePending from None


def tariff_changes_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["tariff_changes"]


def to_tariff_change(document: Document, /) -> TariffChange:
    """Return the change in a document."""
    return TariffChange(
        tariff_change_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        key=key_of(document),
        quoted=quoted_of(document["quoted"]),
        undo_until=document["undo_until"],
        created_at=document["created_at"],
        changed_at=document["changed_at"],
        errand=errand_of(document),
        state=TariffChangeState(document["state"]),
        refusal_reason=document["refusal_reason"],
        version=document["version"],
    )


def _to_document(change: TariffChange) -> Document:
    return {
        "subscriber_id": change.subscriber_id,
        "region": change.key.region,
        "number": change.key.number,
        "quoted": quoted_document(change.quoted),
        "undo_until": change.undo_until,
        "created_at": change.created_at,
        "changed_at": change.changed_at,
        "state": change.state.value,
        "holds": str(change.key) if change.is_pending else None,
        "refusal_reason": change.refusal_reason,
    } | errand_fields(change.errand)
