"""Tariff changes, service orders and promised payments as JSON has them."""

from kabinet.accounts.v1 import ordering_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money, money_or_none, words_of

_CHANGE_STATES = words_of(ordering_pb2.TariffChangeState, "TARIFF_CHANGE_STATE_")
_ORDER_STATES = words_of(ordering_pb2.ServiceOrderState, "SERVICE_ORDER_STATE_")
_PROMISE_STATES = words_of(ordering_pb2.PromisedPaymentState, "PROMISED_PAYMENT_STATE_")


class OfferedTariffPlanView(TypedDict):
    """A tariff plan that can be changed to."""

    id: str
    name: str
    monthly_fee: MoneyView


class TariffQuoteView(TypedDict):
    """What a tariff change would come to; `effective_date` is a day of the region's calendar."""

    id: str
    billing_account_id: str
    tariff_plan: OfferedTariffPlanView
    price_now: MoneyView
    next_bill: MoneyView
    lost: list[str]
    effective_date: str
    expires_at: str


class TariffChangeView(TypedDict):
    """A tariff change; it can be taken back until `undo_until`, and not when that is null."""

    id: str
    billing_account_id: str
    tariff_plan: OfferedTariffPlanView
    effective_date: str
    state: str
    undo_until: str | None
    refusal_reason: str
    created_at: str


class ServiceOfferView(TypedDict):
    """A service that can be ordered; of one ordered that the region has not described yet, no more than its code."""

    offer_code: str
    kind: str
    name: str
    connection_price: MoneyView | None
    monthly_fee: MoneyView | None


class ServiceOrderView(TypedDict):
    """A service order."""

    id: str
    billing_account_id: str
    offer: ServiceOfferView
    state: str
    refusal_reason: str
    created_at: str
    changed_at: str


class EligibilityReason(TypedDict):
    """Why a promised payment cannot be taken, and what to do about it."""

    code: str
    detail: str


class EligibilityView(TypedDict):
    """Whether a promised payment can be taken now; the terms are null when it cannot."""

    eligible: bool
    reasons: list[EligibilityReason]
    largest_amount: MoneyView | None
    fee: MoneyView | None
    days: int | None
    eligible_from: str | None


class PromisedPaymentView(TypedDict):
    """A promised payment; `fee` and `due_at` are null while the region has not answered."""

    id: str
    billing_account_id: str
    amount: MoneyView
    fee: MoneyView | None
    state: str
    due_at: str | None
    refusal_reason: str
    created_at: str


def tariff_plan(message: ordering_pb2.TariffPlan, /) -> OfferedTariffPlanView:
    return {"id": message.tariff_plan_id, "name": message.name, "monthly_fee": money(message.monthly_fee)}


def tariff_quote(message: ordering_pb2.TariffQuote, /) -> TariffQuoteView:
    return {
        "id": message.tariff_quote_id,
        "billing_account_id": message.billing_account_id,
        "tariff_plan": tariff_plan(message.tariff_plan),
        "price_now": money(message.price_now),
        "next_bill": money(message.next_bill),
        "lost": list(message.lost),
        "effective_date": message.effective_date,
        "expires_at": moment(message.expires_at),
    }


def tariff_change(message: ordering_pb2.TariffChange, /) -> TariffChangeView:
    return {
        "id": message.tariff_change_id,
        "billing_account_id": message.billing_account_id,
        "tariff_plan": tariff_plan(message.tariff_plan),
        "effective_date": message.effective_date,
        "state": _CHANGE_STATES.get(message.state, "unspecified"),
        "undo_until": moment_or_none(message, "undo_until"),
        "refusal_reason": message.refusal_reason,
        "created_at": moment(message.created_at),
    }


def service_offer(message: ordering_pb2.ServiceOffer, /) -> ServiceOfferView:
    return {
        "offer_code": message.offer_code,
        "kind": message.kind,
        "name": message.name,
        "connection_price": money_or_none(message, "connection_price"),
        "monthly_fee": money_or_none(message, "monthly_fee"),
    }


def service_order(message: ordering_pb2.ServiceOrder, /) -> ServiceOrderView:
    return {
        "id": message.service_order_id,
        "billing_account_id": message.billing_account_id,
        "offer": service_offer(message.offer),
        "state": _ORDER_STATES.get(message.state, "unspecified"),
        "refusal_reason": message.refusal_reason,
        "created_at": moment(message.created_at),
        "changed_at": moment(message.changed_at),
    }


def eligibility(
    message: ordering_pb2.GetPromisedPaymentEligibilityResponse, /, *, reasons: list[EligibilityReason]
) -> EligibilityView:
    return {
        "eligible": message.eligible,
        "reasons": reasons,
        "largest_amount": money_or_none(message, "largest_amount"),
        "fee": money_or_none(message, "fee"),
        "days": message.days or None,
        "eligible_from": moment_or_none(message, "eligible_from"),
    }


def promised_payment(message: ordering_pb2.PromisedPayment, /) -> PromisedPaymentView:
    return {
        "id": message.promised_payment_id,
        "billing_account_id": message.billing_account_id,
        "amount": money(message.amount),
        "fee": money_or_none(message, "fee"),
        "state": _PROMISE_STATES.get(message.state, "unspecified"),
        "due_at": moment_or_none(message, "due_at"),
        "refusal_reason": message.refusal_reason,
        "created_at": moment(message.created_at),
    }
