"""What rules will charge and have decided, and links of notices, as JSON has them."""

from kabinet.payments.v1 import autopay_pb2, payments_pb2
from typing_extensions import TypedDict

from gateway.views.payments import CapsView, caps
from gateway.views.values import MoneyView, moment, moment_or_none, money, money_or_none, words_of

_STATES = words_of(payments_pb2.AutopayDecisionState, "AUTOPAY_DECISION_STATE_")
_ACTIONS = words_of(autopay_pb2.AutopayLinkAction, "AUTOPAY_LINK_ACTION_")


class ForecastChargeView(TypedDict):
    """A charge that a rule is going to make if nothing else happens; `amount` is null when the sum follows from the
    balance of then, `at_most` bounds it."""

    charge_at: str
    local_date: str
    amount: MoneyView | None
    at_most: MoneyView
    reasons: list[str]


class ForecastConditionView(TypedDict):
    """What a threshold rule charges whenever the balance comes down to `minimum_balance`; when, nobody knows."""

    minimum_balance: MoneyView
    amount: MoneyView | None
    at_most: MoneyView


class ForecastView(TypedDict):
    """The charges of the next 12 months in order of time, or the condition of a threshold rule."""

    items: list[ForecastChargeView]
    next_page_token: str
    condition: ForecastConditionView | None


class ReasonView(TypedDict):
    """A reason of a decision: its constant word, and what it says in the reader's language."""

    code: str
    detail: str


class AutopayTryView(TypedDict):
    """A try of a charge that was declined."""

    payment_id: str
    amount: MoneyView | None
    decided_at: str
    declined_at: str
    decline_reason: str
    decline_class: str


class AutopayDecisionView(TypedDict):
    """What a rule decided, on what grounds, and how it went on; `asks_subscriber` says that an answer is waited for."""

    id: str
    rule_version: int
    state: str
    asks_subscriber: bool
    outcome: str
    reasons: list[str]
    explanations: list[ReasonView]
    amount: MoneyView | None
    balance: MoneyView | None
    balance_as_of: str | None
    under_way: MoneyView | None
    paid_by_hand: MoneyView | None
    caps: CapsView
    filled_today: MoneyView | None
    filled_this_month: MoneyView | None
    automatic_charges_in_24_h: int
    payment_method_id: str
    time_zone: str
    local_date: str
    decided_at: str
    payment_id: str
    tries: list[AutopayTryView]
    next_try_at: str | None


class AutopayLinkView(TypedDict):
    """What a link of a notice would do; `usable` is false once it, or another link of the same charge, was used."""

    action: str
    usable: bool
    charge_at: str | None
    local_date: str
    amount: MoneyView | None
    at_most: MoneyView | None


class AutopayLinkUseView(TypedDict):
    """What a link asked for, and whether it holds now; false when it came too late."""

    action: str
    done: bool


def forecast(message: payments_pb2.ForecastAutopayRuleResponse, /) -> ForecastView:
    return {
        "items": [_forecast_charge(charge) for charge in message.charges],
        "next_page_token": "",
        "condition": _condition(message.condition) if message.HasField("condition") else None,
    }


def autopay_decision(message: payments_pb2.AutopayDecision, /, *, reasons: list[ReasonView]) -> AutopayDecisionView:
    state = _STATES.get(message.state, "unspecified")
    return {
        "id": message.decision_id,
        "rule_version": message.rule_version,
        "state": state,
        "asks_subscriber": state == "held" and message.HasField("next_try_at"),
        "outcome": message.outcome,
        "reasons": list(message.reasons),
        "explanations": reasons,
        "amount": money_or_none(message, "amount"),
        "balance": money_or_none(message, "balance"),
        "balance_as_of": moment_or_none(message, "balance_as_of"),
        "under_way": money_or_none(message, "under_way"),
        "paid_by_hand": money_or_none(message, "paid_by_hand"),
        "caps": caps(message.caps),
        "filled_today": money_or_none(message, "filled_today"),
        "filled_this_month": money_or_none(message, "filled_this_month"),
        "automatic_charges_in_24_h": message.automatic_charges_in_24_h,
        "payment_method_id": message.payment_method_id,
        "time_zone": message.time_zone,
        "local_date": message.local_date,
        "decided_at": moment(message.decided_at),
        "payment_id": message.payment_id,
        "tries": [_try(each) for each in message.tries],
        "next_try_at": moment_or_none(message, "next_try_at"),
    }


def autopay_link(message: autopay_pb2.ReadAutopayLinkResponse, /) -> AutopayLinkView:
    return {
        "action": _ACTIONS.get(message.action, "unspecified"),
        "usable": message.usable,
        "charge_at": moment_or_none(message, "charge_at"),
        "local_date": message.local_date,
        "amount": money_or_none(message, "amount"),
        "at_most": money_or_none(message, "at_most"),
    }


def autopay_link_use(message: autopay_pb2.UseAutopayLinkResponse, /) -> AutopayLinkUseView:
    return {"action": _ACTIONS.get(message.action, "unspecified"), "done": message.done}


def _forecast_charge(message: payments_pb2.ForecastCharge) -> ForecastChargeView:
    """A payments of before there were bounds tells the sum only: then it is the bound."""
    return {
        "charge_at": moment(message.charge_at),
        "local_date": message.local_date,
        "amount": money_or_none(message, "amount"),
        "at_most": money_or_none(message, "at_most") or money(message.amount),
        "reasons": list(message.reasons),
    }


def _condition(message: payments_pb2.ForecastCondition) -> ForecastConditionView:
    return {
        "minimum_balance": money(message.minimum_balance),
        "amount": money_or_none(message, "amount"),
        "at_most": money(message.at_most),
    }


def _try(message: payments_pb2.AutopayTry) -> AutopayTryView:
    return {
        "payment_id": message.payment_id,
        "amount": money_or_none(message, "amount"),
        "decided_at": moment(message.decided_at),
        "declined_at": moment(message.declined_at),
        "decline_reason": message.decline_reason,
        "decline_class": message.decline_class,
    }
