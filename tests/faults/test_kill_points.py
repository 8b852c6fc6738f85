"""Kill points beside the sixteen of `kill_matrix.py`: of a payment that waits for its payer, and of a refund."""

import pytest

from tests.faults.stage import Stage

_SLOW_MS = 2800  # within CHARGE_TIMEOUT_S, so that nobody gives up before the kill

both_ends = pytest.mark.parametrize("signal_name", ["KILL", "TERM"])


@both_ends
def test_a_payment_begun_at_the_acquirer_but_not_saved_can_still_be_confirmed(stage: Stage, signal_name: str) -> None:
    order = stage.order(saved_card=False)
    stage.payer.arm(fault=f"delay_after_ms:{_SLOW_MS}", operation="create_payment")

    with stage.under_way(order):
        stage.wait_until_hit()
        stage.kill("payments", signal_name)
    payment_id = stage.insist(order)
    stage.confirm(payment_id)

    stage.settle([payment_id])
    assert stage.state(payment_id) == "posted"


@both_ends
def test_a_refund_that_was_sent_but_not_saved_is_found_again(stage: Stage, signal_name: str) -> None:
    member = stage.members[0]
    account_id, number = stage.open_account(member)
    payment_id = stage.insist(stage.order(saved_card=False, member=member, account_id=account_id))
    stage.offices[member.region].close_account(number)
    stage.payer.arm(fault=f"delay_after_ms:{_SLOW_MS}", operation="create_refund", payment_id=payment_id)

    stage.confirm(payment_id)
    stage.wait_until_hit()
    stage.kill("payments", signal_name)

    stage.settle([payment_id])
    assert stage.state(payment_id) == "refunded"
