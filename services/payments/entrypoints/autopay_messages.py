"""Autopay rules and forecasts between the contract's messages and the domain."""

from typing import Literal

from kabinet.common.v1 import money_pb2
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.errors import FieldInvalid
from services.chassis.grpc_values import money_from_proto, money_to_proto, time_to_proto
from services.chassis.money import Money
from services.payments.domain.autopay_amount import AmountTerm, Caps, Debt, FixedSum, UpToTarget
from services.payments.domain.autopay_forecast import Forecast, ForecastCharge, ForecastCondition
from services.payments.domain.autopay_rule import AutopayRule, Terms
from services.payments.domain.autopay_trigger import (
    DayOfMonth,
    FirstOfMonth,
    Threshold,
    ThresholdMissing,
    Trigger,
    TriggerMissing,
)


def terms_from(message: pb.CreateAutopayRuleRequest | pb.UpdateAutopayRuleRequest, /) -> Terms:
    """Return the terms in a request. Raises TriggerMissing, ThresholdMissing, DayOutOfRange, FieldInvalid."""
    return Terms(
        payment_method_id=message.payment_method_id,
        trigger=_trigger_from(message.trigger),
        amount=_amount_from(message),
        caps=_caps_from(message.caps),
    )


def rule_message(rule: AutopayRule, /) -> pb.AutopayRule:
    """Return a rule as its subscriber sees it."""
    state = pb.AUTOPAY_RULE_STATE_ACTIVE if rule.is_active else pb.AUTOPAY_RULE_STATE_STOPPED
    kind, amount = _amount_message(rule.terms.amount)
    return pb.AutopayRule(
        autopay_rule_id=rule.autopay_rule_id,
        billing_account_id=rule.billing_account_id,
        payment_method_id=rule.terms.payment_method_id,
        trigger=_trigger_message(rule.terms.trigger),
        amount=amount,
        state=state,
        stop_reason=rule.stop_reason.value if rule.stop_reason else "",
        rule_version=rule.rule_version,
        created_at=time_to_proto(rule.created_at),
        next_charge_at=time_to_proto(rule.next_charge_at),
        amount_kind=kind,
        caps=caps_message(rule.terms.caps),
        paused_until=time_to_proto(rule.paused_until),
    )


def forecast_response(forecast: Forecast, /) -> pb.ForecastAutopayRuleResponse:
    """Return the charges to come, or the condition of a threshold."""
    return pb.ForecastAutopayRuleResponse(
        charges=[_forecast_message(charge) for charge in forecast.charges],
        condition=_condition_message(forecast.condition) if forecast.condition else None,
    )


def caps_message(caps: Caps, /) -> pb.AutopayCaps:
    """Return the caps of a rule."""
    return pb.AutopayCaps(
        per_charge=_money_or_none(caps.per_charge),
        per_day=_money_or_none(caps.per_day),
        per_month=_money_or_none(caps.per_month),
    )


def _amount_from(message: pb.CreateAutopayRuleRequest | pb.UpdateAutopayRuleRequest) -> AmountTerm:
    match message.amount_kind:
        case pb.AUTOPAY_AMOUNT_KIND_UNSPECIFIED | pb.AUTOPAY_AMOUNT_KIND_FIXED:
            return FixedSum(money_from_proto(message.amount, field="amount"))
        case pb.AUTOPAY_AMOUNT_KIND_TARGET:
            return UpToTarget(money_from_proto(message.amount, field="amount"))
        case pb.AUTOPAY_AMOUNT_KIND_DEBT if not message.HasField("amount"):
            return Debt()
        case pb.AUTOPAY_AMOUNT_KIND_DEBT:
            raise FieldInvalid(field="amount", rule="for a fixed sum or a target only")
    raise FieldInvalid(field="amount_kind", rule="a known kind of amount is needed")


def _amount_message(term: AmountTerm) -> tuple[pb.AutopayAmountKind.ValueType, money_pb2.Money | None]:
    match term:
        case FixedSum(amount=amount):
            return pb.AUTOPAY_AMOUNT_KIND_FIXED, money_to_proto(amount)
        case UpToTarget(target=target):
            return pb.AUTOPAY_AMOUNT_KIND_TARGET, money_to_proto(target)
        case Debt():
            return pb.AUTOPAY_AMOUNT_KIND_DEBT, None


def _caps_from(message: pb.AutopayCaps) -> Caps:
    def cap(field: Literal["per_charge", "per_day", "per_month"]) -> Money | None:
        return money_from_proto(getattr(message, field), field=f"caps.{field}") if message.HasField(field) else None

    return Caps(per_charge=cap("per_charge"), per_day=cap("per_day"), per_month=cap("per_month"))


def _forecast_message(charge: ForecastCharge) -> pb.ForecastCharge:
    return pb.ForecastCharge(
        charge_at=time_to_proto(charge.charge_at),
        local_date=charge.local_date.isoformat(),
        amount=_money_or_none(charge.amount),
        at_most=money_to_proto(charge.at_most),
        reasons=[reason.value for reason in charge.reasons],
    )


def _condition_message(condition: ForecastCondition) -> pb.ForecastCondition:
    return pb.ForecastCondition(
        minimum_balance=money_to_proto(condition.minimum_balance),
        amount=_money_or_none(condition.amount),
        at_most=money_to_proto(condition.at_most),
    )


def _money_or_none(money: Money | None) -> money_pb2.Money | None:
    return None if money is None else money_to_proto(money)


def _trigger_from(message: pb.AutopayTrigger) -> Trigger:
    match message.WhichOneof("trigger"):
        case "first_of_month":
            return FirstOfMonth()
        case "day_of_month":
            return DayOfMonth(message.day_of_month.day)
        case "threshold" if message.threshold.HasField("minimum_balance"):
            return Threshold(money_from_proto(message.threshold.minimum_balance, field="minimum_balance"))
        case "threshold":
            raise ThresholdMissing("A threshold needs its minimum balance.")
    raise TriggerMissing("Say when the rule is to charge.")


def _trigger_message(trigger: Trigger) -> pb.AutopayTrigger:
    match trigger:
        case FirstOfMonth():
            return pb.AutopayTrigger(first_of_month=pb.FirstOfMonth())
        case DayOfMonth(day=day):
            return pb.AutopayTrigger(day_of_month=pb.DayOfMonth(day=day))
        case Threshold(minimum_balance=minimum):
            return pb.AutopayTrigger(threshold=pb.Threshold(minimum_balance=money_to_proto(minimum)))
