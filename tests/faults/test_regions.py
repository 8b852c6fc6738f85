"""A region fails before and after crediting, answers nonsense, or closes the account: credited once or paid back."""

import pytest

from tests.faults.stage import Stage
from tests.support import eventually


@pytest.mark.parametrize(
    "fault", ["error_before", "error_after", "slow_ms:600", "slow_ms:4000", "hang_after_ms:4000", "wrong_amount"]
)
def test_a_payment_is_credited_exactly_once(stage: Stage, fault: str) -> None:
    order = stage.order(saved_card=True)
    stage.offices[order.member.region].arm(fault=fault, method="PostPayment", key=order.member.number)

    payment_id = stage.insist(order)

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.credited(payment_id)) == ("posted", [order.kopecks])


@pytest.mark.parametrize("first_answer", ["", "error_before", "error_after", "timeout_after"])
def test_a_payment_to_an_account_that_was_closed_meanwhile_goes_back_to_the_payer(
    stage: Stage, first_answer: str
) -> None:
    member = stage.members[0]
    account_id, number = stage.open_account(member)
    payment_id = stage.insist(stage.order(saved_card=False, member=member, account_id=account_id))
    stage.offices[member.region].close_account(number)
    if first_answer == "timeout_after":
        stage.payer.arm(fault="timeout_after", operation="create_refund", payment_id=payment_id)
    elif first_answer:
        stage.offices[member.region].arm(fault=first_answer, method="PostPayment", key=number)

    stage.confirm(payment_id)

    stage.settle([payment_id])
    assert (stage.state(payment_id), stage.credited(payment_id)) == ("refunded", [])


def test_a_region_that_is_killed_gets_its_postings_when_it_is_back(stage: Stage) -> None:
    member = stage.members[2]
    stage.suite.stop("region-vladivostok")
    try:
        waiting = stage.insist_on_all([stage.order(saved_card=True, member=member) for _ in range(5)])
        others = stage.insist_on_all([stage.order(saved_card=True, member=stage.members[0]) for _ in range(3)])
        eventually(lambda: not stage.books.unfinished(others), timeout_s=60)  # its trouble is no other region's
        assert set(stage.books.unfinished(waiting)) == set(waiting)
    finally:
        stage.suite.start("region-vladivostok")

    stage.settle([*waiting, *others])
