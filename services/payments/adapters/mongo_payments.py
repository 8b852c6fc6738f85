"""Payments in MongoDB: one document each, with history, work and outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.mongo import exactly
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.mongo_saving import after_position, hurry, saving
from services.payments.domain.evidence import Chargeback, Evidence
from services.payments.domain.payment import UNDECIDED, Payment, PaymentKind, Problem, Reached, State
from services.payments.domain.ports import PagePosition
from services.payments.domain.refund import Refund, RefundState

Document = dict[str, Any]

CAPTURED, REFUND_ENDED = "captured", "refund_ended"
_MAY_HAVE_MOVED = [
    {"state": State.UNKNOWN.value},
    {"state": State.CAPTURED.value},
    {"state": State.CREATED.value, "kind": PaymentKind.SAVED_CARD.value},
]
_CREDITED = [State.POSTED.value, State.RETURNING.value, State.REVERSAL_DUE.value]


def payments_collection(database: Database[Document], /) -> Collection[Document]:
    return database["payments"]


class MongoPaymentRepository:
    """See PaymentRepository."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._payments = payments_collection(database)
        self._clock = clock

    def ensure_indexes(self) -> None:
        """One payment per request of a subscriber, and one per payment of the acquirer; the rest is for reading."""
        self._payments.create_index(
            [("subscriber_id", ASCENDING), ("request_id", ASCENDING)],
            name="one_per_request",
            unique=True,
            partialFilterExpression={"request_id": {"$type": "string"}},
        )
        self._payments.create_index(
            [("acquirer_payment_id", ASCENDING)],
            name="one_per_acquirer_payment",
            unique=True,
            partialFilterExpression={"acquirer_payment_id": {"$type": "string"}},
        )
        self._payments.create_index(
            [("subscriber_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="of_subscriber"
        )
        self._payments.create_index([("billing_account_id", ASCENDING), ("created_at", DESCENDING)], name="of_account")
        self._payments.create_index(
            [("needs_person", ASCENDING), ("created_at", ASCENDING)],
            name="for_a_person",
            partialFilterExpression={"needs_person": {"$type": "string"}},
        )
        self._payments.create_index(
            [("captured_at", ASCENDING), ("_id", ASCENDING)],
            name=CAPTURED,
            partialFilterExpression={"captured_at": {"$type": "date"}},
        )
        self._payments.create_index(
            "refunds.ended_at", name=REFUND_ENDED, partialFilterExpression={"refunds.ended_at": {"$type": "date"}}
        )
        ensure_work_index(self._payments)
        ensure_outbox_index(self._payments)

    def get(self, payment_id: str, /) -> Payment | None:
        document = self._payments.find_one({"_id": payment_id})
        return None if document is None else to_payment(document)

    def by_request(self, *, subscriber_id: str, request_id: str) -> Payment | None:
        document = self._payments.find_one({"subscriber_id": subscriber_id, "request_id": exactly(request_id)})
        return None if document is None else to_payment(document)

    def save(self, payment: Payment, /) -> None:
        with saving(payment):
            save_announcing(
                self._payments,
                payment,
                document_id=payment.payment_id,
                document=_to_document(payment),
                now=self._clock.now(),
            )

    def page(
        self, *, subscriber_id: str, billing_account_id: str, size: int, after: PagePosition | None
    ) -> Sequence[Payment]:
        of_account = {"billing_account_id": billing_account_id} if billing_account_id else {}
        rows = self._payments.find(
            {"subscriber_id": subscriber_id} | of_account | after_position(after, time_field="created_at"),
            sort=[("created_at", DESCENDING), ("_id", DESCENDING)],
            limit=size,
        )
        return [to_payment(row) for row in rows]

    def hurry(self, *, acquirer_payment_id: str, now: datetime) -> bool:
        return hurry(
            self._payments,
            {"acquirer_payment_id": exactly(acquirer_payment_id)},
            while_in=[state.value for state in UNDECIDED],
            now=now,
        )

    def states_of(self, payment_ids: Sequence[str], /) -> Mapping[str, State]:
        rows = self._payments.find({"_id": {"$in": list(payment_ids)}}, {"state": 1}) if payment_ids else ()
        return {row["_id"]: State(row["state"]) for row in rows}

    def under_way(self, *, billing_account_id: str, balance_as_of: datetime) -> Money:
        credited_later = {"state": {"$in": _CREDITED}, "posted_at": {"$gt": balance_as_of}}
        rows = self._payments.find(
            {"billing_account_id": billing_account_id, "$or": [*_MAY_HAVE_MOVED, credited_later]}, {"amount": 1}
        )
        return sum((Money.from_mapping(row["amount"]) for row in rows), start=Money.zero())

    def by_acquirer_payment(self, acquirer_payment_id: str, /) -> Payment | None:
        document = self._payments.find_one({"acquirer_payment_id": exactly(acquirer_payment_id)})
        return None if document is None else to_payment(document)

    def needing_person(self, *, limit: int) -> Sequence[Payment]:
        rows = self._payments.find(
            {"needs_person": {"$type": "string"}}, sort=[("created_at", ASCENDING), ("_id", ASCENDING)], limit=limit
        )
        return [to_payment(row) for row in rows]

    def unsent_automatic(self, *, billing_account_id: str) -> Sequence[str]:
        rows = self._payments.find(
            {
                "billing_account_id": billing_account_id,
                "state": State.CREATED.value,
                "charge_begun_at": None,
                "autopay_rule_id": {"$ne": ""},
            },
            {"_id": 1},
        )
        return [row["_id"] for row in rows]


def to_payment(document: Document, /) -> Payment:
    """Return the payment that `save` wrote."""
    problem = document["needs_person"]
    return Payment(
        payment_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        amount=Money.from_mapping(document["amount"]),
        kind=PaymentKind(document["kind"]),
        history=[Reached(State(step["state"]), step["at"]) for step in document["history"]],
        payment_method_id=document["payment_method_id"],
        save_payment_method=document["save_payment_method"],
        return_url=document["return_url"],
        request_id=document["request_id"] or "",
        fingerprint=document["fingerprint"],
        autopay_rule_id=document["autopay_rule_id"],
        autopay_rule_version=document["autopay_rule_version"],
        charge_begun_at=document["charge_begun_at"],
        acquirer_payment_id=document["acquirer_payment_id"] or "",
        refunds=[_to_refund(row) for row in document.get("refunds", [])],
        chargebacks=[_to_chargeback(row) for row in document.get("chargebacks", [])],
        evidence=[Evidence(**row) for row in document.get("evidence", [])],
        receipt_expected=document.get("receipt_expected", False),
        receipt_at=document.get("receipt_at"),
        confirmation_url=document["confirmation_url"],
        decline_reason=document["decline_reason"],
        card_not_kept=document.get("card_not_kept", ""),
        captured_at=document["captured_at"],
        posted_at=document["posted_at"],
        service_restored_at=document["service_restored_at"],
        refusal_reason=document["refusal_reason"],
        needs_person=Problem(problem) if problem else None,
        further_problems=[Problem(further) for further in document.get("further_problems", [])],
        asked=document["asked"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _to_document(payment: Payment) -> Document:
    """`state` and `created_at` repeat what the history says, for queries. No id of a request or of the acquirer is
    None, so that their unique indexes leave it alone."""
    return {
        "subscriber_id": payment.subscriber_id,
        "billing_account_id": payment.billing_account_id,
        "amount": payment.amount.as_mapping(),
        "kind": payment.kind.value,
        "state": payment.state.value,
        "history": [{"state": step.state.value, "at": step.at} for step in payment.history],
        "created_at": payment.created_at,
        "payment_method_id": payment.payment_method_id,
        "save_payment_method": payment.save_payment_method,
        "return_url": payment.return_url,
        "request_id": payment.request_id or None,
        "fingerprint": payment.fingerprint,
        "autopay_rule_id": payment.autopay_rule_id,
        "autopay_rule_version": payment.autopay_rule_version,
        "charge_begun_at": payment.charge_begun_at,
        "acquirer_payment_id": payment.acquirer_payment_id or None,
        "refunds": [_refund_document(refund) for refund in payment.refunds],
        "chargebacks": [asdict(chargeback) for chargeback in payment.chargebacks],
        "evidence": [asdict(evidence) for evidence in payment.evidence],
        "receipt_expected": payment.receipt_expected,
        "receipt_at": payment.receipt_at,
        "confirmation_url": payment.confirmation_url,
        "decline_reason": payment.decline_reason,
        "card_not_kept": payment.card_not_kept,
        "captured_at": payment.captured_at,
        "posted_at": payment.posted_at,
        "service_restored_at": payment.service_restored_at,
        "refusal_reason": payment.refusal_reason,
        "needs_person": payment.needs_person.value if payment.needs_person else None,
        "further_problems": [problem.value for problem in payment.further_problems],
        "asked": payment.asked,
        **work_fields(payment.due_at),
    }


def _refund_document(refund: Refund) -> Document:
    return asdict(refund) | {"amount": refund.amount.as_mapping(), "state": refund.state.value}


def _to_refund(document: Document) -> Refund:
    """One of before `sent_at` was kept may have been sent as soon as it was requested."""
    amount, state = Money.from_mapping(document["amount"]), RefundState(document["state"])
    return Refund(**{"sent_at": document["requested_at"]} | document | {"amount": amount, "state": state})


def _to_chargeback(document: Document) -> Chargeback:
    return Chargeback(**document | {"amount": Money.from_mapping(document["amount"])})
