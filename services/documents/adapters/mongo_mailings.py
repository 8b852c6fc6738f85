"""Mailings in MongoDB; the id, made of bill, revision and address, is what keeps a second mail from existing (I5)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.documents.domain.account import Recipient
from services.documents.domain.consent import Language
from services.documents.domain.mailing import Mailing, MailingState

Document = dict[str, Any]


class MongoMailingRepository:
    """Meets `MailingRepository`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock, owner: str) -> None:
        self.collection = database["mailings"]
        self._clock = clock
        self.due = DueWork(self.collection, owner=owner, clock=clock)

    def ensure_indexes(self) -> None:
        ensure_work_index(self.collection)
        ensure_outbox_index(self.collection)
        self.collection.create_index(
            [("customer_bill_id", ASCENDING), ("recipients.billing_account_id", ASCENDING)], name="bill"
        )

    def add(self, mailing: Mailing, /) -> bool:
        try:
            self.save(mailing)
        except VersionConflict:  # of a new document it says that the id exists
            return False
        return True

    def get(self, mailing_id: str, /) -> Mailing | None:
        document = self.collection.find_one({"_id": mailing_id})
        return _from_document(document) if document else None

    def mailed_at(
        self, customer_bill_ids: Sequence[str], *, billing_account_ids: Collection[str]
    ) -> dict[str, datetime]:
        wanted = {
            "customer_bill_id": {"$in": list(customer_bill_ids)},
            "recipients.billing_account_id": {"$in": list(billing_account_ids)},
            "mailed_at": {"$type": "date"},
        }
        found = self.collection.find(wanted, {"customer_bill_id": 1, "mailed_at": 1}).sort("mailed_at", -1)
        return {document["customer_bill_id"]: document["mailed_at"] for document in found}

    def save(self, mailing: Mailing, /) -> None:
        save_announcing(
            self.collection,
            mailing,
            document_id=mailing.mailing_id,
            document=_to_document(mailing),
            now=self._clock.now(),
        )

    def claim_due(self) -> Mailing | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _to_document(mailing: Mailing) -> Document:
    return {
        "customer_bill_id": mailing.customer_bill_id,
        "email": mailing.email,
        "language": mailing.language.value,
        "recipients": [
            {"subscriber_id": one.subscriber_id, "billing_account_id": one.billing_account_id}
            for one in mailing.recipients
        ],
        "created_at": mailing.created_at,
        "state": mailing.state.value,
        "tries": mailing.tries,
        "first_tried_at": mailing.first_tried_at,
        "mailed_at": mailing.mailed_at,
        "suspended_at": mailing.suspended_at,
        **work_fields(mailing.due_at),
    }


def _from_document(document: Document) -> Mailing:
    return Mailing(
        mailing_id=document["_id"],
        customer_bill_id=document["customer_bill_id"],
        email=document["email"],
        language=Language(document["language"]),
        recipients=tuple(Recipient(**recipient) for recipient in document["recipients"]),
        created_at=document["created_at"],
        state=MailingState(document["state"]),
        tries=document["tries"],
        first_tried_at=document["first_tried_at"],
        mailed_at=document["mailed_at"],
        suspended_at=document["suspended_at"],
        due_at=due_at_of(document),
        version=document["version"],
    )
