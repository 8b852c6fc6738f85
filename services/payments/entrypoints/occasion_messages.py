"""Occasions of autopay as the contract's messages show them to their subscriber."""

from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.payments.domain.autopay_occasion import AutopayOccasion, EndedTry, OccasionState
from services.payments.entrypoints.autopay_messages import caps_message

_STATES = {
    OccasionState.OPEN: pb.AUTOPAY_DECISION_STATE_OPEN,
    OccasionState.CHARGING: pb.AUTOPAY_DECISION_STATE_CHARGING,
    OccasionState.RETRYING: pb.AUTOPAY_DECISION_STATE_RETRYING,
    OccasionState.HELD: pb.AUTOPAY_DECISION_STATE_HELD,
    OccasionState.CHARGED: pb.AUTOPAY_DECISION_STATE_CHARGED,
    OccasionState.SKIPPED: pb.AUTOPAY_DECISION_STATE_SKIPPED,
    OccasionState.FAILED: pb.AUTOPAY_DECISION_STATE_FAILED,
}


def decision_message(occasion: AutopayOccasion, /) -> pb.AutopayDecision:
    """Return what was decided, on what grounds, and how it went on."""
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
        state=_STATES[occasion.state],
        time_zone=grounds.time_zone,
        local_date=grounds.local_date.isoformat(),
        caps=caps_message(grounds.caps),
        filled_today=money_to_proto(grounds.filled.today),
        filled_this_month=money_to_proto(grounds.filled.this_month),
        paid_by_hand=money_to_proto(grounds.paid_by_hand),
        payment_method_id=grounds.payment_method_id,
        automatic_charges_in_24_h=grounds.automatic_charges_in_24_h,
        tries=[_try_message(ended) for ended in occasion.tries],
        next_try_at=time_to_proto(occasion.next_step_at),
    )


def _try_message(ended: EndedTry) -> pb.AutopayTry:
    decision = ended.record.decision
    return pb.AutopayTry(
        payment_id=ended.payment_id,
        amount=money_to_proto(decision.amount) if decision.amount else None,
        decided_at=time_to_proto(ended.record.grounds.now),
        declined_at=time_to_proto(ended.decline.at),
        decline_reason=ended.decline.reason,
        decline_class=ended.decline.decline_class.value,
    )
