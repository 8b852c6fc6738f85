"""Autopay between the contract's messages and the domain."""

from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.grpc_values import money_from_proto, money_to_proto, time_to_proto
from services.payments.application.autopay_forecast import ForecastCharge
from services.payments.domain.autopay_occasion import AutopayOccasion
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
        amount=money_from_proto(message.amount, field="amount"),
    )


def rule_message(rule: AutopayRule, /) -> pb.AutopayRule:
    """Return a rule as its subscriber sees it."""
    state = pb.AUTOPAY_RULE_STATE_ACTIVE if rule.is_active else pb.AUTOPAY_RULE_STATE_STOPPED
    return pb.AutopayRule(
        autopay_rule_id=rule.autopay_rule_id,
        billing_account_id=rule.billing_account_id,
        payment_method_id=rule.terms.payment_method_id,
        trigger=_trigger_message(rule.terms.trigger),
        amount=money_to_proto(rule.terms.amount),
        state=state,
        stop_reason=rule.stop_reason.value if rule.stop_reason else "",
        rule_version=rule.rule_version,
        created_at=time_to_proto(rule.created_at),
        next_charge_at=time_to_proto(rule.next_charge_at),
    )


def forecast_message(charge: ForecastCharge, /) -> pb.ForecastCharge:
    """Return a charge to come."""
    return pb.ForecastCharge(
        charge_at=time_to_proto(charge.charge_at),
        local_date=charge.local_date.isoformat(),
        amount=money_to_proto(charge.amount),
    )


def decision_message(occasion: AutopayOccasion, /) -> pb.AutopayDecision:
    """Return what was decided and on what grounds."""
    assert occasion.record is not None, "only decided occasions are listed"
    grounds, decision = occasion.record.grounds, occasion.record.decision
    return pb.AutopayDecision(
        decision_id=occasion.decision_id,
        rule_version=grounds.rule_version,
        outcome=decision.outcome.value,
        reasons=[reason.value for reason in decision.reasons],
        amount=money_to_proto(decision.amount) if decision.amount else None,
        balance=money_to_proto(grounds.balance) if grounds.balance else None,
        balance_as_of=time_to_proto(grounds.balance_as_of),
        decided_at=time_to_proto(grounds.now),
        payment_id=occasion.payment_id,
        under_way=money_to_proto(grounds.under_way),
    )


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
