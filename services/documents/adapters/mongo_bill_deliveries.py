"""Deliveries in MongoDB; a subscriber and a link make the id."""

from collections.abc import Collection
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.mongo import exactly
from services.chassis.saving import save_aggregate
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.documents.domain.account import Account, Recipient
from services.documents.domain.bill_delivery import BillDelivery, Confirmation, DeliveryState
from services.documents.domain.consent import (
    Channel,
    ConsentEnded,
    ConsentGiven,
    ConsentRecord,
    EndCause,
    Language,
)

Document = dict[str, Any]


class MongoBillDeliveryRepository:
    """Meets `BillDeliveryRepository`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock, owner: str) -> None:
        self._collection = database["bill_deliveries"]
        self.due = DueWork(self._collection, owner=owner, clock=clock)

    def ensure_indexes(self) -> None:
        ensure_work_index(self._collection)
        self._collection.create_index(
            [("confirmation.confirmation_id", ASCENDING)],
            name="confirmation",
            unique=True,
            partialFilterExpression={"confirmation.confirmation_id": {"$type": "string"}},
        )
        self._collection.create_index(
            [("region", ASCENDING), ("number", ASCENDING), ("state", ASCENDING)], name="account"
        )

    def get(self, recipient: Recipient, /) -> BillDelivery | None:
        document = self._collection.find_one({"_id": BillDelivery.id_of(recipient)})
        return _from_document(document) if document else None

    def of_confirmation(self, confirmation_id: str, /) -> BillDelivery | None:
        document = self._collection.find_one({"confirmation.confirmation_id": exactly(confirmation_id)})
        return _from_document(document) if document else None

    def asked_for(self, accounts: Collection[Account], /) -> list[BillDelivery]:
        asked = {"state": {"$in": [DeliveryState.ON.value, DeliveryState.AWAITING_CONFIRMATION.value]}}
        wanted = {"$or": [{"region": account.region, "number": account.number} | asked for account in accounts]}
        return [_from_document(document) for document in self._collection.find(wanted).sort("_id", ASCENDING)]

    def save(self, delivery: BillDelivery, /) -> None:
        save_aggregate(
            self._collection,
            delivery,
            document_id=delivery.delivery_id,
            document=_to_document(delivery),
        )

    def claim_due(self) -> BillDelivery | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _to_document(delivery: BillDelivery) -> Document:
    return {
        "subscriber_id": delivery.recipient.subscriber_id,
        "billing_account_id": delivery.recipient.billing_account_id,
        "region": delivery.account.region,
        "number": delivery.account.number,
        "state": delivery.state.value,
        "email": delivery.email,
        "consents": [_consent_to_document(record) for record in delivery.consents],
        "confirmation": _confirmation_to_document(delivery.confirmation),
        **work_fields(delivery.due_at),
    }


def _from_document(document: Document) -> BillDelivery:
    return BillDelivery(
        recipient=Recipient(subscriber_id=document["subscriber_id"], billing_account_id=document["billing_account_id"]),
        account=Account(region=document["region"], number=document["number"]),
        state=DeliveryState(document["state"]),
        email=document["email"],
        consents=tuple(_consent_from_document(record) for record in document["consents"]),
        confirmation=Confirmation(**document["confirmation"]) if document["confirmation"] else None,
        due_at=due_at_of(document),
        version=document["version"],
    )


def _confirmation_to_document(confirmation: Confirmation | None) -> Document | None:
    if confirmation is None:
        return None
    return {
        "confirmation_id": confirmation.confirmation_id,
        "asked_at": confirmation.asked_at,
        "mail_tries": confirmation.mail_tries,
        "mailed_at": confirmation.mailed_at,
    }


def _consent_to_document(record: ConsentRecord) -> Document:
    match record:
        case ConsentGiven():
            return {
                "kind": "given",
                "version": record.version,
                "text_sha256": record.text_sha256,
                "language": record.language.value,
                "channel": record.channel.value,
                "at": record.at,
            }
        case ConsentEnded():
            return {"kind": "ended", "cause": record.cause.value, "at": record.at}


def _consent_from_document(document: Document) -> ConsentRecord:
    if document["kind"] == "ended":
        return ConsentEnded(cause=EndCause(document["cause"]), at=document["at"])
    return ConsentGiven(
        version=document["version"],
        text_sha256=document["text_sha256"],
        language=Language(document["language"]),
        channel=Channel(document["channel"]),
        at=document["at"],
    )
