"""Receipts in MongoDB: one document each, with history and work."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.money import Money
from services.chassis.saving import save_aggregate
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.mongo_saving import saving
from services.payments.domain.receipt import Receipt, ReceiptProblem, ReceiptReached, ReceiptState

Document = dict[str, Any]


def receipts_collection(database: Database[Document], /) -> Collection[Document]:
    return database["receipts"]


class MongoReceiptRepository:
    """See ReceiptRepository."""

    def __init__(self, database: Database[Document], /) -> None:
        self._receipts = receipts_collection(database)

    def ensure_indexes(self) -> None:
        """The id is the payment's or the refund's, which makes one receipt each; the rest is for finding what waits."""
        self._receipts.create_index(
            [("problem", ASCENDING), ("created_at", ASCENDING)],
            name="for_a_person",
            partialFilterExpression={"problem": {"$type": "string"}},
        )
        ensure_work_index(self._receipts)

    def get(self, receipt_id: str, /) -> Receipt | None:
        document = self._receipts.find_one({"_id": receipt_id})
        return None if document is None else to_receipt(document)

    def needing_person(self, *, limit: int) -> Sequence[Receipt]:
        rows = self._receipts.find(
            {"problem": {"$type": "string"}}, sort=[("created_at", ASCENDING), ("_id", ASCENDING)], limit=limit
        )
        return [to_receipt(row) for row in rows]

    def save(self, receipt: Receipt, /) -> None:
        with saving(receipt):
            save_aggregate(self._receipts, receipt, document_id=receipt.receipt_id, document=_to_document(receipt))


def to_receipt(document: Document, /) -> Receipt:
    """Return the receipt that `save` wrote."""
    problem = document["problem"]
    return Receipt(
        receipt_id=document["_id"],
        payment_id=document["payment_id"],
        refund_id=document["refund_id"],
        subscriber_id=document["subscriber_id"],
        amount=Money.from_mapping(document["amount"]),
        history=[ReceiptReached(ReceiptState(step["state"]), step["at"]) for step in document["history"]],
        acquirer_receipt_id=document["acquirer_receipt_id"],
        registered_at=document["registered_at"],
        attempt=document["attempt"],
        problem=ReceiptProblem(problem) if problem else None,
        asked=document["asked"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _to_document(receipt: Receipt) -> Document:
    """`state`, `created_at` and `commission` repeat what follows from the rest, for queries and for readers."""
    return {
        "payment_id": receipt.payment_id,
        "refund_id": receipt.refund_id,
        "subscriber_id": receipt.subscriber_id,
        "amount": receipt.amount.as_mapping(),
        "commission": receipt.commission.as_mapping(),
        "state": receipt.state.value,
        "created_at": receipt.history[0].at,
        "history": [{"state": step.state.value, "at": step.at} for step in receipt.history],
        "acquirer_receipt_id": receipt.acquirer_receipt_id,
        "registered_at": receipt.registered_at,
        "attempt": receipt.attempt,
        "problem": receipt.problem.value if receipt.problem else None,
        "asked": receipt.asked,
        **work_fields(receipt.due_at),
    }
