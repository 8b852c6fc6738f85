"""Processes are ended at the worst moments of a payment; after their return it is charged and credited exactly once.

No code is prepared for this: the outside world is told to do one thing and not to say so, its ledger shows when that is
done, and then the process is killed.
"""

import pytest

from tests.faults.stage import Stage
from tests.support import eventually

both_ends = pytest.mark.parametrize("signal_name", ["KILL", "TERM"])


@both_ends
def test_a_charge_that_was_sent_but_not_saved_is_found_again(stage: Stage, signal_name: str) -> None:
    saved, manual = stage.order(saved_card=True), stage.order(saved_card=False)
    manual_id = stage.insist(manual)
    before = stage.last_charge()
    stage.payer.arm(fault="timeout_after", operation="create_payment")

    with stage.acquirer_tells_nothing(), stage.under_way(saved):
        eventually(lambda: stage.charged_since(before), timeout_s=20)
        stage.confirm(manual_id)
        assert stage.charges(manual_id) == 1
        stage.kill("payments", signal_name)
        assert stage.state(manual_id) in {"awaiting_confirmation", "unknown"}

    stage.settle([stage.insist(saved), manual_id])


@both_ends
def test_a_payment_begun_at_the_acquirer_but_not_saved_can_still_be_confirmed(stage: Stage, signal_name: str) -> None:
    order = stage.order(saved_card=False)
    stage.payer.arm(fault="timeout_after", operation="create_payment")

    with stage.acquirer_tells_nothing(), stage.under_way(order):
        stage.wait_until_hit(operation="create_payment")
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
    stage.payer.arm(fault="timeout_after", operation="create_refund", payment_id=payment_id)

    stage.confirm(payment_id)
    stage.wait_until_hit(operation="create_refund")
    with stage.acquirer_tells_nothing():
        stage.kill("payments", signal_name)

    stage.settle([payment_id])
    assert stage.state(payment_id) == "refunded"


@both_ends
def test_a_payment_credited_in_the_region_but_not_saved_is_credited_once(stage: Stage, signal_name: str) -> None:
    first, second = stage.members[:2]
    manual_id = stage.insist(stage.order(saved_card=False, member=first))
    for member in (first, second):
        stage.offices[member.region].arm(fault="error_after", method="PostPayment", key=member.number)

    with stage.regions_tell_nothing():
        stage.confirm(manual_id)
        saved_id = stage.insist(stage.order(saved_card=True, member=second))
        eventually(lambda: stage.credited(manual_id) and stage.credited(saved_id), timeout_s=20)
        stage.kill("accounts", signal_name)
        assert stage.books.postings.count_documents({"_id": {"$in": [manual_id, saved_id]}, "state": "posted"}) == 0

    stage.settle([manual_id, saved_id])
    assert len(stage.credited(manual_id)) == len(stage.credited(saved_id)) == 1


@both_ends
def test_a_capture_that_was_saved_but_not_published_is_published_later(stage: Stage, signal_name: str) -> None:
    manual_id = stage.insist(stage.order(saved_card=False))

    with stage.frozen("rabbitmq"):
        stage.confirm(manual_id)
        saved_id = stage.insist(stage.order(saved_card=True))
        for payment_id in (manual_id, saved_id):
            stage.wait_for_state(payment_id, "captured", "posted")
        assert stage.unpublished_payments({manual_id, saved_id}) == 2
        stage.kill("payments", signal_name)
        assert stage.unpublished_payments({manual_id, saved_id}) == 2

    stage.settle([manual_id, saved_id])
    eventually(lambda: stage.unpublished_payments({manual_id, saved_id}) == 0, timeout_s=30)


@both_ends
@pytest.mark.parametrize("worker", ["accounts-worker", "payments-worker"])
def test_a_worker_that_ends_with_messages_delivered_loses_none(stage: Stage, worker: str, signal_name: str) -> None:
    inbox = worker.replace("-worker", ".inbox")
    orders = stage.orders(4, saved_card=True)

    with stage.frozen(worker):
        payment_ids = stage.insist_on_all(orders)
        stage.settle(payment_ids)  # without the worker: whoever hears nothing asks
        eventually(lambda: not stage.books.unpublished(), timeout_s=20)
        if signal_name == "KILL":
            stage.kill(worker, signal_name)
        else:
            stage.suite.kill(worker, signal_name)  # heeded when it is woken

    eventually(lambda: stage.queues.is_idle(inbox), timeout_s=20)
    assert stage.queues.depth(f"{inbox}.dlq") == 0
    stage.settle([stage.insist(stage.order(saved_card=True)), *payment_ids])
