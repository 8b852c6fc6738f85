"""Payments, saved cards and autopay as JSON has them."""

from kabinet.payments.v1 import payments_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money, money_or_none, words_of

_STATES = words_of(payments_pb2.PaymentState, "PAYMENT_STATE_")
_KINDS = words_of(payments_pb2.PaymentKind, "PAYMENT_KIND_")
_METHOD_STATES = words_of(payments_pb2.PaymentMethodState, "PAYMENT_METHOD_STATE_")
_RULE_STATES = words_of(payments_pb2.AutopayRuleState, "AUTOPAY_RULE_STATE_")

FINAL_STATES = frozenset({"posted", "declined", "refunded"})


class StageView(TypedDict):
    """A step of a payment; `reached_at` is null while it is awaited."""

    stage: str
    reached_at: str | None


class PaymentView(TypedDict):
    """A payment."""

    id: str
    billing_account_id: str
    amount: MoneyView
    commission: MoneyView
    refunded: MoneyView
    kind: str
    payment_method_id: str
    state: str
    is_final: bool
    confirmation_url: str
    decline_reason: str
    stages: list[StageView]
    created_at: str
    autopay_rule_id: str
    card_not_kept_reason: str


class PaymentKindView(TypedDict):
    """A way to pay, and why it is off when it is."""

    kind: str
    enabled: bool
    disabled_reason: str


class PaymentKindsView(TypedDict):
    """The ways to pay, in the order to offer."""

    items: list[PaymentKindView]
    card_brands: list[str]


class PaymentMethodView(TypedDict):
    """A saved card, or one that is being bound; its number is at the acquirer only."""

    id: str
    state: str
    brand: str
    last4: str
    expires: str
    issuer_country: str
    saved_at: str | None
    confirmation_url: str
    refusal_reason: str


class TriggerView(TypedDict):
    """When autopay charges: `day` and `minimum_balance` belong to one kind each."""

    kind: str
    day: int | None
    minimum_balance: MoneyView | None


class AutopayRuleView(TypedDict):
    """The autopay rule of a billing account."""

    id: str
    billing_account_id: str
    payment_method_id: str
    trigger: TriggerView
    amount: MoneyView
    state: str
    stop_reason: str
    rule_version: int
    created_at: str
    next_charge_at: str | None


class ForecastChargeView(TypedDict):
    """A charge that a rule is going to make."""

    charge_at: str
    local_date: str
    amount: MoneyView


class AutopayDecisionView(TypedDict):
    """What a rule decided, and on what grounds."""

    id: str
    rule_version: int
    outcome: str
    reasons: list[str]
    amount: MoneyView | None
    balance: MoneyView | None
    balance_as_of: str | None
    under_way: MoneyView | None
    decided_at: str
    payment_id: str


def payment(message: payments_pb2.Payment, /) -> PaymentView:
    state = _STATES.get(message.state, "unspecified")
    nothing: MoneyView = {"amount_minor": 0, "currency": message.amount.currency}
    return {
        "id": message.payment_id,
        "billing_account_id": message.billing_account_id,
        "amount": money(message.amount),
        "commission": money_or_none(message, "commission") or nothing,
        "refunded": money_or_none(message, "refunded") or nothing,
        "kind": _KINDS.get(message.kind, "unspecified"),
        "payment_method_id": message.payment_method_id,
        "state": state,
        "is_final": state in FINAL_STATES,
        "confirmation_url": message.confirmation_url,
        "decline_reason": message.decline_reason,
        "stages": [{"stage": s.stage, "reached_at": moment_or_none(s, "reached_at")} for s in message.stages],
        "created_at": moment(message.created_at),
        "autopay_rule_id": message.autopay_rule_id,
        "card_not_kept_reason": message.card_not_kept_reason,
    }


def payment_kinds(message: payments_pb2.ListPaymentKindsResponse, /) -> PaymentKindsView:
    return {
        "items": [
            {
                "kind": _KINDS.get(item.kind, "unspecified"),
                "enabled": item.enabled,
                "disabled_reason": item.disabled_reason,
            }
            for item in message.kinds
        ],
        "card_brands": list(message.card_brands),
    }


def payment_method(message: payments_pb2.PaymentMethod, /) -> PaymentMethodView:
    return {
        "id": message.payment_method_id,
        "state": _METHOD_STATES.get(message.state, "unspecified"),
        "brand": message.brand,
        "last4": message.last4,
        "expires": message.expires,
        "issuer_country": message.issuer_country,
        "saved_at": moment_or_none(message, "saved_at"),
        "confirmation_url": message.confirmation_url,
        "refusal_reason": message.refusal_reason,
    }


def autopay_rule(message: payments_pb2.AutopayRule, /) -> AutopayRuleView:
    return {
        "id": message.autopay_rule_id,
        "billing_account_id": message.billing_account_id,
        "payment_method_id": message.payment_method_id,
        "trigger": _trigger(message.trigger),
        "amount": money(message.amount),
        "state": _RULE_STATES.get(message.state, "unspecified"),
        "stop_reason": message.stop_reason,
        "rule_version": message.rule_version,
        "created_at": moment(message.created_at),
        "next_charge_at": moment_or_none(message, "next_charge_at"),
    }


def forecast_charge(message: payments_pb2.ForecastCharge, /) -> ForecastChargeView:
    return {
        "charge_at": moment(message.charge_at),
        "local_date": message.local_date,
        "amount": money(message.amount),
    }


def autopay_decision(message: payments_pb2.AutopayDecision, /) -> AutopayDecisionView:
    return {
        "id": message.decision_id,
        "rule_version": message.rule_version,
        "outcome": message.outcome,
        "reasons": list(message.reasons),
        "amount": money_or_none(message, "amount"),
        "balance": money_or_none(message, "balance"),
        "balance_as_of": moment_or_none(message, "balance_as_of"),
        "under_way": money_or_none(message, "under_way"),
        "decided_at": moment(message.decided_at),
        "payment_id": message.payment_id,
    }


def _trigger(message: payments_pb2.AutopayTrigger) -> TriggerView:
    kind = message.WhichOneof("trigger") or "unspecified"
    return {
        "kind": kind,
        "day": message.day_of_month.day if kind == "day_of_month" else None,
        "minimum_balance": money(message.threshold.minimum_balance) if kind == "threshold" else None,
    }
