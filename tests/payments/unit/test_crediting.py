"""What accounts says about a captured payment, by event or when asked."""

import pytest

from services.payments.domain.payment import Payment, PaymentNotFound, Problem, State
from services.payments.domain.ports import Posting, PostingState
from tests.payments.builders import A_MORNING, make_payment, rub
from tests.payments.fake_world import World

_POSTED = Posting(state=PostingState.POSTED, posted_at=A_MORNING)
_REFUSED = Posting(state=PostingState.REFUSED, refusal_reason="ACCOUNT_CLOSED")


def recorded(payment: Payment, *postings: Posting) -> Payment:
    world = World()
    world.payments.save(payment)
    for posting in postings:
        world.process().record_crediting(payment_id=payment.payment_id, amount=payment.amount, posting=posting)
    found = world.payments.get(payment.payment_id)
    assert found is not None
    return found


def test_an_event_told_many_times_is_recorded_once() -> None:
    payment = recorded(make_payment(state=State.CAPTURED), *[_POSTED] * 5)

    assert payment.state is State.POSTED
    assert payment.version == 2


def test_a_refusal_begins_the_refund_at_once() -> None:
    payment = recorded(make_payment(state=State.CAPTURED), _REFUSED, _REFUSED)

    assert (payment.state, payment.refusal_reason) == (State.REFUNDING, "ACCOUNT_CLOSED")
    assert payment.due_at == A_MORNING


@pytest.mark.parametrize(
    ("state", "posting"),
    [(State.POSTED, _REFUSED), (State.REFUNDED, _POSTED), (State.UNKNOWN, _POSTED), (State.DECLINED, _POSTED)],
)
def test_a_contradiction_goes_to_a_person_and_changes_no_state(state: State, posting: Posting) -> None:
    payment = recorded(make_payment(state=state), posting)

    assert (payment.state, payment.needs_person) == (state, Problem.POSTING_CONTRADICTED)


def test_another_sum_goes_to_a_person() -> None:
    world, payment = World(), make_payment(state=State.CAPTURED)
    world.payments.save(payment)

    world.process().record_crediting(payment_id=payment.payment_id, amount=rub(1), posting=_POSTED)

    found = world.payments.get(payment.payment_id)
    assert found is not None
    assert (found.state, found.needs_person) == (State.CAPTURED, Problem.AMOUNT_DIFFERS)


def test_an_unknown_payment_is_refused() -> None:
    with pytest.raises(PaymentNotFound):
        World().process().record_crediting(payment_id="pay_none", amount=rub(1), posting=_POSTED)


def test_a_payment_that_hears_nothing_asks_and_is_posted_once() -> None:
    world, payment = World(), make_payment(state=State.CAPTURED, due_at=A_MORNING)
    world.payments.save(payment)
    world.accounts.silent = True

    world.process().run(minutes=2)
    world.accounts.silent = False
    world.process().run(minutes=10)

    found = world.payments.get(payment.payment_id)
    assert found is not None and found.state is State.POSTED
    assert world.accounts.credited == {payment.payment_id: payment.amount}
