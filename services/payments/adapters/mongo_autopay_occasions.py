"""Occasions with their decision records in MongoDB; `_id` is what makes an occasion one (I4)."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.money import Money
from services.chassis.saving import save_aggregate
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.autopay_documents import (
    money_from_document,
    money_to_document,
    trigger_from_document,
    trigger_to_document,
)
from services.payments.adapters.mongo_saving import after_position, saving
from services.payments.domain.autopay_decision import Decision, Grounds, Outcome, Reason
from services.payments.domain.autopay_occasion import AutopayOccasion, DecisionRecord
from services.payments.domain.ports import PagePosition

Document = dict[str, Any]


def occasions_collection(database: Database[Document], /) -> Collection[Document]:
    return database["autopay_occasions"]


class MongoAutopayOccasionRepository:
    """See AutopayOccasionRepository."""

    def __init__(self, database: Database[Document], /) -> None:
        self._occasions = occasions_collection(database)

    def ensure_indexes(self) -> None:
        self._occasions.create_index(
            [("autopay_rule_id", ASCENDING), ("opened_at", DESCENDING), ("_id", DESCENDING)], name="of_rule"
        )
        ensure_work_index(self._occasions)

    def get(self, decision_id: str, /) -> AutopayOccasion | None:
        document = self._occasions.find_one({"_id": decision_id})
        return None if document is None else to_occasion(document)

    def save(self, occasion: AutopayOccasion, /) -> None:
        with saving(occasion):
            save_aggregate(self._occasions, occasion, document_id=occasion.decision_id, document=_to_document(occasion))

    def undecided_of(self, *, autopay_rule_id: str) -> Sequence[str]:
        rows = self._occasions.find({"autopay_rule_id": autopay_rule_id, "record": None}, {"_id": 1})
        return [row["_id"] for row in rows]

    def decided_of(self, *, autopay_rule_id: str, size: int, after: PagePosition | None) -> Sequence[AutopayOccasion]:
        rows = self._occasions.find(
            {"autopay_rule_id": autopay_rule_id, "record": {"$ne": None}}
            | after_position(after, time_field="opened_at"),
            sort=[("opened_at", DESCENDING), ("_id", DESCENDING)],
            limit=size,
        )
        return [to_occasion(row) for row in rows]


def to_occasion(document: Document, /) -> AutopayOccasion:
    """Return the occasion that `save` wrote."""
    record = document["record"]
    return AutopayOccasion(
        decision_id=document["_id"],
        autopay_rule_id=document["autopay_rule_id"],
        rule_version=document["rule_version"],
        opened_at=document["opened_at"],
        charge_due_at=document["charge_due_at"],
        record=_to_record(record) if record else None,
        payment_id=document["payment_id"],
        asked=document["asked"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _to_document(occasion: AutopayOccasion) -> Document:
    return {
        "autopay_rule_id": occasion.autopay_rule_id,
        "rule_version": occasion.rule_version,
        "opened_at": occasion.opened_at,
        "charge_due_at": occasion.charge_due_at,
        "record": _record_to_document(occasion.record) if occasion.record else None,
        "payment_id": occasion.payment_id,
        "asked": occasion.asked,
        **work_fields(occasion.due_at),
    }


def _record_to_document(record: DecisionRecord) -> Document:
    grounds, decision = record.grounds, record.decision
    return {
        "grounds": {
            "trigger": trigger_to_document(grounds.trigger),
            "amount": grounds.amount.as_mapping(),
            "rule_version": grounds.rule_version,
            "rule_is_active": grounds.rule_is_active,
            "occasion_rule_version": grounds.occasion_rule_version,
            "due_at": grounds.due_at,
            "account_is_linked": grounds.account_is_linked,
            "account_refusal": grounds.account_refusal.value if grounds.account_refusal else None,
            "monthly_pay_limit": money_to_document(grounds.monthly_pay_limit),
            "paid_this_month": grounds.paid_this_month.as_mapping(),
            "card_is_usable": grounds.card_is_usable,
            "balance": money_to_document(grounds.balance),
            "balance_as_of": grounds.balance_as_of,
            "under_way": grounds.under_way.as_mapping(),
            "automatic_charges_in_24_h": grounds.automatic_charges_in_24_h,
            "now": grounds.now,
        },
        "outcome": decision.outcome.value,
        "reasons": [reason.value for reason in decision.reasons],
        "amount": money_to_document(decision.amount),
    }


def _to_record(document: Document) -> DecisionRecord:
    return DecisionRecord(
        grounds=_to_grounds(document["grounds"]),
        decision=Decision(
            outcome=Outcome(document["outcome"]),
            reasons=tuple(Reason(reason) for reason in document["reasons"]),
            amount=money_from_document(document["amount"]),
        ),
    )


def _to_grounds(document: Document) -> Grounds:
    """Older records were decided without asking accounts, and without a limit."""
    refusal, paid_this_month = document.get("account_refusal"), document.get("paid_this_month")
    return Grounds(
        trigger=trigger_from_document(document["trigger"]),
        amount=Money.from_mapping(document["amount"]),
        rule_version=document["rule_version"],
        rule_is_active=document["rule_is_active"],
        occasion_rule_version=document["occasion_rule_version"],
        due_at=document["due_at"],
        account_is_linked=document["account_is_linked"],
        account_refusal=Reason(refusal) if refusal else None,
        monthly_pay_limit=money_from_document(document.get("monthly_pay_limit")),
        paid_this_month=Money.from_mapping(paid_this_month) if paid_this_month else Money.zero(),
        card_is_usable=document["card_is_usable"],
        balance=money_from_document(document["balance"]),
        balance_as_of=document["balance_as_of"],
        under_way=Money.from_mapping(document["under_way"]),
        automatic_charges_in_24_h=document["automatic_charges_in_24_h"],
        now=document["now"],
    )
