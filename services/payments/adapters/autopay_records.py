"""Decision records as parts of documents: what is written once replays for ever, so old shapes are read as they were
meant."""

from datetime import timedelta
from typing import Any

from services.chassis.money import Money
from services.payments.adapters.autopay_documents import (
    amount_from_document,
    amount_to_document,
    caps_from_document,
    caps_to_document,
    money_from_document,
    money_to_document,
    trigger_from_document,
    trigger_to_document,
)
from services.payments.domain.autopay_amount import NOTHING_FILLED, Filled
from services.payments.domain.autopay_decision import Decision, Grounds, Outcome, Reason, Word
from services.payments.domain.autopay_limits import LIMITS_BEFORE_HOLDS, Limits
from services.payments.domain.autopay_occasion import DecisionRecord, EndedTry
from services.payments.domain.decline import Decline, DeclineClass

Document = dict[str, Any]


def record_to_document(record: DecisionRecord, /) -> Document:
    decision = record.decision
    return {
        "grounds": _grounds_to_document(record.grounds),
        "outcome": decision.outcome.value,
        "reasons": [reason.value for reason in decision.reasons],
        "amount": money_to_document(decision.amount),
    }


def record_from_document(document: Document, /) -> DecisionRecord:
    """Return what `record_to_document` wrote, in any release."""
    return DecisionRecord(
        grounds=_grounds_from_document(document["grounds"]),
        decision=Decision(
            outcome=Outcome(document["outcome"]),
            reasons=tuple(Reason(reason) for reason in document["reasons"]),
            amount=money_from_document(document["amount"]),
        ),
    )


def try_to_document(ended: EndedTry, /) -> Document:
    return {
        "record": record_to_document(ended.record),
        "payment_id": ended.payment_id,
        "decline_reason": ended.decline.reason,
        "decline_class": ended.decline.decline_class.value,
        "declined_at": ended.decline.at,
    }


def try_from_document(document: Document, /) -> EndedTry:
    """Return what `try_to_document` wrote."""
    return EndedTry(
        record=record_from_document(document["record"]),
        payment_id=document["payment_id"],
        decline=Decline(
            reason=document["decline_reason"],
            decline_class=DeclineClass(document["decline_class"]),
            at=document["declined_at"],
        ),
    )


def _grounds_to_document(grounds: Grounds) -> Document:
    return {
        "trigger": trigger_to_document(grounds.trigger),
        "amount": amount_to_document(grounds.amount),
        "caps": caps_to_document(grounds.caps),
        "rule_version": grounds.rule_version,
        "rule_is_active": grounds.rule_is_active,
        "paused_until": grounds.paused_until,
        "occasion_rule_version": grounds.occasion_rule_version,
        "time_zone": grounds.time_zone,
        "local_date": grounds.local_date.isoformat(),
        "due_at": grounds.due_at,
        "account_is_linked": grounds.account_is_linked,
        "account_refusal": grounds.account_refusal.value if grounds.account_refusal else None,
        "monthly_pay_limit": money_to_document(grounds.monthly_pay_limit),
        "paid_this_month": grounds.paid_this_month.as_mapping(),
        "old_mandate_active": grounds.old_mandate_active,
        "payment_method_id": grounds.payment_method_id,
        "card_is_usable": grounds.card_is_usable,
        "balance": money_to_document(grounds.balance),
        "balance_as_of": grounds.balance_as_of,
        "under_way": grounds.under_way.as_mapping(),
        "paid_by_hand": grounds.paid_by_hand.as_mapping(),
        "automatic_charges_in_24_h": grounds.automatic_charges_in_24_h,
        "filled": {
            "today": grounds.filled.today.as_mapping(),
            "this_month": grounds.filled.this_month.as_mapping(),
        },
        "word": grounds.word.value if grounds.word else None,
        "held_since": grounds.held_since,
        "held_elsewhere": grounds.held_elsewhere,
        "region_frozen": grounds.region_frozen,
        "limits": _limits_to_document(grounds.limits),
        "now": grounds.now,
    }


def _grounds_from_document(document: Document) -> Grounds:
    """A field that a record lacks is of after it was made: it is read as what the decision took for granted then."""
    return Grounds(
        trigger=trigger_from_document(document["trigger"]),
        amount=amount_from_document(document["amount"]),
        caps=caps_from_document(document.get("caps", {})),
        rule_version=document["rule_version"],
        rule_is_active=document["rule_is_active"],
        paused_until=document.get("paused_until"),
        occasion_rule_version=document["occasion_rule_version"],
        time_zone=document.get("time_zone", "UTC"),
        due_at=document["due_at"],
        account_is_linked=document["account_is_linked"],
        account_refusal=Reason(document["account_refusal"]) if document.get("account_refusal") else None,
        monthly_pay_limit=money_from_document(document.get("monthly_pay_limit")),
        paid_this_month=money_from_document(document.get("paid_this_month")) or Money.zero(),
        old_mandate_active=document.get("old_mandate_active", False),
        payment_method_id=document.get("payment_method_id", ""),
        card_is_usable=document["card_is_usable"],
        balance=money_from_document(document["balance"]),
        balance_as_of=document["balance_as_of"],
        under_way=Money.from_mapping(document["under_way"]),
        paid_by_hand=money_from_document(document.get("paid_by_hand")) or Money.zero(),
        automatic_charges_in_24_h=document["automatic_charges_in_24_h"],
        filled=_filled_from_document(document.get("filled")),
        word=Word(document["word"]) if document.get("word") else None,
        held_since=document.get("held_since"),
        held_elsewhere=document.get("held_elsewhere", False),
        region_frozen=document.get("region_frozen", False),
        limits=_limits_from_document(document.get("limits")),
        now=document["now"],
    )


def _filled_from_document(document: Document | None) -> Filled:
    if document is None:
        return NOTHING_FILLED
    return Filled(today=Money.from_mapping(document["today"]), this_month=Money.from_mapping(document["this_month"]))


def _limits_to_document(limits: Limits) -> Document:
    return {
        "charges_in_a_day": limits.charges_in_a_day,
        "holds_beyond": limits.holds_beyond,
        "hold_lapses_after_s": int(limits.hold_lapses_after.total_seconds()),
        "word_outlasts_hold": limits.word_outlasts_hold,
        "charged_late_at_most_s": int(limits.charged_late_at_most.total_seconds()),
        "paid_by_hand_within_s": int(limits.paid_by_hand_within.total_seconds()),
    }


def _limits_from_document(document: Document | None) -> Limits:
    if document is None:
        return LIMITS_BEFORE_HOLDS
    return Limits(
        charges_in_a_day=document["charges_in_a_day"],
        holds_beyond=document["holds_beyond"],
        hold_lapses_after=timedelta(seconds=document["hold_lapses_after_s"]),
        word_outlasts_hold=document.get("word_outlasts_hold", False),
        charged_late_at_most=timedelta(seconds=document["charged_late_at_most_s"]),
        paid_by_hand_within=timedelta(seconds=document["paid_by_hand_within_s"]),
    )
