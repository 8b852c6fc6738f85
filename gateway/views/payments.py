"""Payments, saved cards and autopay as JSON has them."""

from kabinet.payments.v1 import payments_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money, money_or_none, words_of

_STATES = words_of(payments_pb2.PaymentState, "PAYMENT_STATE_")
_KINDS = words_of(payments_pb2.PaymentKind, "PAYMENT_KIND_")
_METHOD_STATES = words_of(payments_pb2.PaymentMethodState, "PAYMENT_METHOD_STATE_")
_RULE_STATES = words_of(payments_pb2.AutopayRuleState, "AUTOPAY_RULE_STATE_")
_AMOUNT_KINDS = words_of(payments_pb2.AutopayAmountKind, "AUTOPAY_AMOUNT_KIND_")

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


class CapsView(TypedDict):
    """The most that may be charged at once, and in a day and a month of the region's calendar; null is no cap."""

    per_charge: MoneyView | None
    per_day: MoneyView | None
    per_month: MoneyView | None


class AutopayRuleView(TypedDict):
    """The autopay rule of a billing account. `amount` is the sum, or the balance to top up to; null for `debt`."""

    id: str
    billing_account_id: str
    payment_method_id: str
    trigger: TriggerView
    amount_kind: str
    amount: MoneyView | None
    caps: CapsView
    state: str
    stop_reason: str
    paused_until: str | None
    rule_version: int
    created_at: str
    next_charge_at: str | None


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
        "amount_kind": _amount_kind(message.amount_kind),
        "amount": money_or_none(message, "amount"),
        "caps": caps(message.caps),
        "state": _RULE_STATES.get(message.state, "unspecified"),
        "stop_reason": message.stop_reason,
        "paused_until": moment_or_none(message, "paused_until"),
        "rule_version": message.rule_version,
        "created_at": moment(message.created_at),
        "next_charge_at": moment_or_none(message, "next_charge_at"),
    }


def caps(message: payments_pb2.AutopayCaps, /) -> CapsView:
    return {
        "per_charge": money_or_none(message, "per_charge"),
        "per_day": money_or_none(message, "per_day"),
        "per_month": money_or_none(message, "per_month"),
    }


def _amount_kind(kind: payments_pb2.AutopayAmountKind.ValueType) -> str:
    return _AMOUNT_KINDS.get(kind or payments_pb2.AUTOPAY_AMOUNT_KIND_FIXED, "unspecified")


def _trigger(message: payments_pb2.AutopayTrigger) -> TriggerView:
    kind = message.WhichOneof("trigger") or "unspecified"
    return {
        "kind": kind,
        "day": message.day_of_month.day if kind == "day_of_month" else None,
        "minimum_balance": money(message.threshold.minimum_balance) if kind == "threshold" else None,
    }
