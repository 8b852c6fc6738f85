"""The acquirer fails in every way that its protocol allows: one charge at most, and an end to each payment."""

import pytest

from tests.faults.stage import Stage

_TAKEN = [
    "timeout_before",
    "timeout_after",
    "error_500_before",
    "error_500_after",
    "reset",
    "reset_after",
]
_NOT_TAKEN = [
    "decline:insufficient_funds",
    "decline:card_expired",
    "decline:fraud_suspected",
    "decline:issuer_unavailable",
    "pending_then_cancel:1",
]


@pytest.mark.parametrize("fault", _TAKEN)
def test_a_charge_by_a_saved_card_happens_exactly_once(stage: Stage, fault: str) -> None:
    stage.payer.arm(fault=fault, operation="create_payment")

    payment_id = stage.insist(stage.order(saved_card=True))

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.charges(payment_id)) == ("posted", 1)


@pytest.mark.parametrize("fault", _NOT_TAKEN)
def test_a_declined_charge_ends_the_payment_and_takes_nothing(stage: Stage, fault: str) -> None:
    stage.payer.arm(fault=fault)

    payment_id = stage.insist(stage.order(saved_card=True))

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.charges(payment_id)) == ("declined", 0)


def test_a_charge_that_the_bank_decides_late_is_waited_for(stage: Stage) -> None:
    stage.payer.arm(fault="pending_then_succeed:1")

    payment_id = stage.insist(stage.order(saved_card=True))

    stage.settle([payment_id])
    assert "unknown" in stage.states(payment_id)
    assert (stage.state(payment_id), stage.charges(payment_id)) == ("posted", 1)


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error_500_after", "reset"])
def test_a_new_card_s_payment_begins_once_and_can_be_confirmed(stage: Stage, fault: str) -> None:
    stage.payer.arm(fault=fault, operation="create_payment")

    payment_id = stage.insist(stage.order(saved_card=False))
    stage.confirm(payment_id)

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.charges(payment_id)) == ("posted", 1)


@pytest.mark.parametrize("fault", ["timeout_before", "error_500_before", "reset"])
def test_an_acquirer_that_does_not_tell_the_outcome_is_asked_again(stage: Stage, fault: str) -> None:
    payment_id = stage.insist(stage.order(saved_card=False))
    stage.payer.arm(fault=fault, operation="get_payment", payment_id=payment_id)

    stage.confirm(payment_id)

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.charges(payment_id)) == ("posted", 1)


def test_fifty_parallel_requests_with_one_key_are_one_charge(stage: Stage) -> None:
    order = stage.order(saved_card=True)

    payment_ids = stage.insist_on_all([order] * 50, at_once=10)

    assert len(set(payment_ids)) == 1
    stage.settle(payment_ids[:1])
    assert stage.charges(payment_ids[0]) == 1
