"""Idempotency by meaning: the same payer, account and sum within three minutes."""

from typing import Any

import pytest

from services.payments.domain.pay_month import MonthlyPayLimitExceeded
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.similar_payment import SimilarPayment
from tests.payments.builders import make_request, rub
from tests.payments.fake_world import Killed, Killer, World

_SAME: dict[str, Any] = {"subscriber_id": "sub_1", "billing_account_id": "acc_1"}


def test_the_same_under_another_key_is_asked_about_and_nothing_is_saved() -> None:
    world = World()
    world.process().create_payment(make_request(**_SAME))
    world.clock.advance(seconds=42)

    with pytest.raises(SimilarPayment) as caught:
        world.process().create_payment(make_request(**_SAME, kind=PaymentKind.SBP))

    assert caught.value.metadata == {"seconds_ago": "42"}
    assert len(world.payments.rows.all()) == 1


@pytest.mark.parametrize(
    "other",
    [{"amount": rub(451)}, {"billing_account_id": "acc_2"}, {"subscriber_id": "sub_2"}, {"confirm_repeat": True}],
)
def test_another_meaning_and_a_confirmed_repeat_are_not_asked_about(other: dict[str, Any]) -> None:
    world = World()
    world.process().create_payment(make_request(**_SAME))

    world.process().create_payment(make_request(**_SAME | other))

    assert len(world.payments.rows.all()) == 2


def test_after_three_minutes_nobody_is_asked() -> None:
    world = World()
    world.process().create_payment(make_request(**_SAME))
    world.clock.advance(minutes=3)

    world.process().create_payment(make_request(**_SAME))

    assert len(world.payments.rows.all()) == 2


def test_a_declined_payment_is_nothing_to_repeat() -> None:
    world = World()
    first = world.process().create_payment(make_request(**_SAME))
    payment = world.payments.get(first.payment_id)
    assert payment is not None
    payment.decline("insufficient_funds", now=world.clock.now())
    world.payments.save(payment)

    second = world.process().create_payment(make_request(**_SAME))
    with pytest.raises(SimilarPayment):
        world.process().create_payment(make_request(**_SAME))

    assert second.state is State.AWAITING_CONFIRMATION


def test_a_request_killed_after_its_claim_may_come_again() -> None:
    world, request = World(), make_request(**_SAME)
    for after in range(1, 10):
        try:
            world.process(Killer(after=after)).create_payment(request)
        except Killed:
            continue
        break

    payment = world.process().create_payment(request)

    assert [row.payment_id for row in world.payments.rows.all()] == [payment.payment_id]


def test_whether_a_repeat_was_confirmed_makes_no_other_request() -> None:
    world, request = World(), make_request(**_SAME)
    first = world.process().create_payment(request)

    again = world.process().create_payment(make_request(**_SAME, request_id=request.request_id, confirm_repeat=True))

    assert again.payment_id == first.payment_id


def test_what_was_refused_before_it_was_saved_is_nothing_to_repeat() -> None:
    world = World()
    world.accounts.monthly_pay_limit = rub(100)

    for _ in range(2):
        with pytest.raises(MonthlyPayLimitExceeded):
            world.process().create_payment(make_request(**_SAME))

    assert world.payments.rows.all() == []
