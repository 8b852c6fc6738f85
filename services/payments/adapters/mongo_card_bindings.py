"""Cards that are being bound, in MongoDB: one document each, with history and work."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.mongo import exactly
from services.chassis.saving import save_aggregate
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.mongo_saving import hurry, saving
from services.payments.domain.acquirer import SavedCard
from services.payments.domain.card_binding import BindingReached, BindingState, CardBinding

Document = dict[str, Any]

_OPEN = [BindingState.CREATED.value, BindingState.AWAITING_CONFIRMATION.value, BindingState.UNKNOWN.value]


def bindings_collection(database: Database[Document], /) -> Collection[Document]:
    return database["card_bindings"]


class MongoCardBindingRepository:
    """See CardBindingRepository."""

    def __init__(self, database: Database[Document], /) -> None:
        self._bindings = bindings_collection(database)

    def ensure_indexes(self) -> None:
        """One binding per request of a subscriber; the rest is for finding what is hinted at or due."""
        self._bindings.create_index(
            [("subscriber_id", ASCENDING), ("request_id", ASCENDING)], name="one_per_request", unique=True
        )
        self._bindings.create_index(
            [("acquirer_method_id", ASCENDING)],
            name="of_acquirer_method",
            partialFilterExpression={"acquirer_method_id": {"$type": "string"}},
        )
        ensure_work_index(self._bindings)

    def get(self, payment_method_id: str, /) -> CardBinding | None:
        document = self._bindings.find_one({"_id": payment_method_id})
        return None if document is None else to_binding(document)

    def by_request(self, *, subscriber_id: str, request_id: str) -> CardBinding | None:
        document = self._bindings.find_one({"subscriber_id": subscriber_id, "request_id": request_id})
        return None if document is None else to_binding(document)

    def save(self, binding: CardBinding, /) -> None:
        with saving(binding):
            save_aggregate(
                self._bindings,
                binding,
                document_id=binding.payment_method_id,
                document=_to_document(binding),
            )

    def hurry(self, *, acquirer_method_id: str, now: datetime) -> None:
        hurry(self._bindings, {"acquirer_method_id": exactly(acquirer_method_id)}, while_in=_OPEN, now=now)


def to_binding(document: Document, /) -> CardBinding:
    """Return the binding that `save` wrote."""
    card = document["card"]
    return CardBinding(
        payment_method_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        return_url=document["return_url"],
        request_id=document["request_id"],
        fingerprint=document["fingerprint"],
        history=[BindingReached(BindingState(step["state"]), step["at"]) for step in document["history"]],
        acquirer_method_id=document["acquirer_method_id"] or "",
        confirmation_url=document["confirmation_url"],
        refusal_reason=document["refusal_reason"],
        card=SavedCard(**card) if card else None,
        asked=document["asked"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _to_document(binding: CardBinding) -> Document:
    """`state` repeats what the history says, for queries. No id of the acquirer is None, so that its index leaves it
    alone."""
    return {
        "subscriber_id": binding.subscriber_id,
        "return_url": binding.return_url,
        "request_id": binding.request_id,
        "fingerprint": binding.fingerprint,
        "state": binding.state.value,
        "history": [{"state": step.state.value, "at": step.at} for step in binding.history],
        "acquirer_method_id": binding.acquirer_method_id or None,
        "confirmation_url": binding.confirmation_url,
        "refusal_reason": binding.refusal_reason,
        "card": _card_document(binding.card) if binding.card else None,
        "asked": binding.asked,
        **work_fields(binding.due_at),
    }


def _card_document(card: SavedCard) -> Document:
    return {
        "acquirer_method_id": card.acquirer_method_id,
        "brand": card.brand,
        "last4": card.last4,
        "expires": card.expires,
        "issuer_country": card.issuer_country,
    }
