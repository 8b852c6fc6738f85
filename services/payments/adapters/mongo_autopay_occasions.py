"""Occasions with their decision records in MongoDB; `_id` is what makes an occasion one (I4)."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.autopay_records import (
    record_from_document,
    record_to_document,
    try_from_document,
    try_to_document,
)
from services.payments.adapters.mongo_saving import after_position, saving
from services.payments.domain.autopay_decision import Outcome, Word
from services.payments.domain.autopay_occasion import UNDECIDED_OCCASION, AutopayOccasion, OccasionState
from services.payments.domain.ports import PagePosition

Document = dict[str, Any]


def occasions_collection(database: Database[Document], /) -> Collection[Document]:
    return database["autopay_occasions"]


class MongoAutopayOccasionRepository:
    """See AutopayOccasionRepository."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._occasions = occasions_collection(database)
        self._clock = clock

    def ensure_indexes(self) -> None:
        self._occasions.create_index(
            [("autopay_rule_id", ASCENDING), ("opened_at", DESCENDING), ("_id", DESCENDING)], name="of_rule"
        )
        self._occasions.create_index(
            [("billing_account_id", ASCENDING)],
            name="held_of_account",
            partialFilterExpression={"state": OccasionState.HELD.value},
        )
        ensure_work_index(self._occasions)
        ensure_outbox_index(self._occasions)

    def get(self, decision_id: str, /) -> AutopayOccasion | None:
        document = self._occasions.find_one({"_id": decision_id})
        return None if document is None else to_occasion(document)

    def save(self, occasion: AutopayOccasion, /) -> None:
        with saving(occasion):
            save_announcing(
                self._occasions,
                occasion,
                document_id=occasion.decision_id,
                document=_to_document(occasion),
                now=self._clock.now(),
            )

    def undecided_of(self, *, autopay_rule_id: str) -> Sequence[str]:
        undecided = [
            {"state": {"$in": [state.value for state in UNDECIDED_OCCASION]}},
            {"state": None, "record": None},  # of before there were states
        ]
        rows = self._occasions.find({"autopay_rule_id": autopay_rule_id, "$or": undecided}, {"_id": 1})
        return [row["_id"] for row in rows]

    def held_of_account(self, *, billing_account_id: str, besides: str) -> bool:
        asked = {
            "billing_account_id": billing_account_id,
            "state": OccasionState.HELD.value,
            "held_since": {"$ne": None},
            "_id": {"$ne": besides},
        }
        return self._occasions.find_one(asked, {"_id": 1}) is not None

    def decided_of(self, *, autopay_rule_id: str, size: int, after: PagePosition | None) -> Sequence[AutopayOccasion]:
        rows = self._occasions.find(
            {"autopay_rule_id": autopay_rule_id, "record": {"$ne": None}}
            | after_position(after, time_field="opened_at"),
            sort=[("opened_at", DESCENDING), ("_id", DESCENDING)],
            limit=size,
        )
        return [to_occasion(row) for row in rows]


def to_occasion(document: Document, /) -> AutopayOccasion:
    """Return the occasion that `save` wrote, in any release."""
    record, word = document["record"], document.get("word")
    return AutopayOccasion(
        decision_id=document["_id"],
        autopay_rule_id=document["autopay_rule_id"],
        subscriber_id=document.get("subscriber_id", ""),
        billing_account_id=document.get("billing_account_id", ""),
        rule_version=document["rule_version"],
        opened_at=document["opened_at"],
        charge_due_at=document["charge_due_at"],
        state=OccasionState(document["state"]) if "state" in document else _state_before_states(document),
        record=record_from_document(record) if record else None,
        payment_id=document["payment_id"],
        tries=tuple(try_from_document(ended) for ended in document.get("tries", [])),
        try_due_at=document.get("try_due_at"),
        word=Word(word) if word else None,
        held_since=document.get("held_since"),
        asked=document["asked"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _state_before_states(document: Document) -> OccasionState:
    """An occasion ended then with its skip or with its payment's making."""
    record = document["record"]
    if record is None:
        return OccasionState.OPEN
    if record["outcome"] == Outcome.SKIP.value:
        return OccasionState.SKIPPED
    return OccasionState.CHARGED if document["payment_id"] else OccasionState.CHARGING


def _to_document(occasion: AutopayOccasion) -> Document:
    return {
        "autopay_rule_id": occasion.autopay_rule_id,
        "subscriber_id": occasion.subscriber_id,
        "billing_account_id": occasion.billing_account_id,
        "rule_version": occasion.rule_version,
        "opened_at": occasion.opened_at,
        "charge_due_at": occasion.charge_due_at,
        "state": occasion.state.value,
        "record": record_to_document(occasion.record) if occasion.record else None,
        "payment_id": occasion.payment_id,
        "tries": [try_to_document(ended) for ended in occasion.tries],
        "try_due_at": occasion.try_due_at,
        "word": occasion.word.value if occasion.word else None,
        "held_since": occasion.held_since,
        "asked": occasion.asked,
        **work_fields(occasion.due_at),
    }
