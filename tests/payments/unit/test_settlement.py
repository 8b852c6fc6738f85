"""What each answer of the acquirer makes of a payment."""

from datetime import timedelta

import pytest

from services.payments.domain.acquirer import (
    Absent,
    AcquirerRefund,
    Busy,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    Silence,
    Status,
)
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.payment import Payment, Problem, State
from services.payments.domain.returning import begin_refund
from services.payments.domain.settlement import settle, settle_refund
from tests.payments.builders import A_MORNING, make_payment, rub, told

_NOW = A_MORNING + timedelta(seconds=3)


def settled(payment: Payment, answer: PaymentAnswer) -> Payment:
    settle(payment, answer, now=_NOW, backoff=standard_backoff())
    return payment


def make_refunding() -> Payment:
    payment = make_payment(state=State.CAPTURED)
    begin_refund(payment, refusal_reason="ACCOUNT_CLOSED", now=A_MORNING)
    return payment


@pytest.mark.parametrize("state", [State.CREATED, State.UNKNOWN, State.AWAITING_CONFIRMATION])
def test_believes_a_capture_whatever_it_thought_before(state: State) -> None:
    payment = make_payment(state=state)

    settled(payment, told(payment, captured_at=A_MORNING))

    assert (payment.state, payment.captured_at) == (State.CAPTURED, A_MORNING)
    assert payment.due_at == _NOW + timedelta(seconds=5)


def test_keeps_the_confirmation_page_of_a_new_card() -> None:
    payment = make_payment()

    settled(payment, told(payment, Status.PENDING, confirmation_url="http://acquirer/pay"))

    assert payment.state is State.AWAITING_CONFIRMATION
    assert payment.confirmation_url == "http://acquirer/pay"


def test_a_pending_charge_without_a_page_is_unknown_and_asked_about() -> None:
    payment = make_payment()

    settled(payment, told(payment, Status.PENDING))

    assert payment.state is State.UNKNOWN
    assert payment.acquirer_payment_id


def test_a_cancelled_payment_is_declined_with_the_acquirers_word() -> None:
    payment = make_payment(state=State.AWAITING_CONFIRMATION)

    settled(payment, told(payment, Status.CANCELED, decline_reason="insufficient_funds"))

    assert (payment.state, payment.decline_reason) == (State.DECLINED, "insufficient_funds")


def test_silence_about_a_first_charge_makes_it_unknown_and_later_silence_changes_nothing() -> None:
    payment = make_payment()

    settled(payment, Silence())
    settled(payment, Silence())

    assert payment.state is State.UNKNOWN
    assert payment.due_at == _NOW + timedelta(seconds=15)


def test_a_refused_first_charge_is_declined() -> None:
    assert settled(make_payment(), Refused("forbidden")).decline_reason == "forbidden"


@pytest.mark.parametrize("answer", [Refused("invalid_request"), Busy(), Silence(), Absent()])
def test_nothing_but_a_told_payment_decides_an_unknown_one(answer: PaymentAnswer) -> None:
    payment = settled(make_payment(state=State.UNKNOWN), answer)

    assert payment.state is State.UNKNOWN
    assert payment.pending_events == []
    assert payment.due_at is not None


@pytest.mark.parametrize("status", list(Status))
def test_another_sum_goes_to_a_person_and_no_state_is_guessed(status: Status) -> None:
    payment = make_payment(state=State.UNKNOWN)

    settled(payment, told(payment, status, amount=rub(1)))

    assert payment.needs_person is Problem.AMOUNT_DIFFERS
    assert payment.state is State.UNKNOWN
    assert payment.pending_events == []


def test_a_payment_of_somebody_else_goes_to_a_person() -> None:
    payment, other = make_payment(state=State.UNKNOWN), make_payment()

    settled(payment, told(other))

    assert payment.needs_person is Problem.ANOTHER_PAYMENT
    assert payment.state is State.UNKNOWN


def test_a_second_payment_at_the_acquirer_for_ours_goes_to_a_person() -> None:
    payment = make_payment(state=State.AWAITING_CONFIRMATION, acquirer_payment_id="one")

    settled(payment, told(payment, acquirer_payment_id="two"))

    assert payment.needs_person is Problem.ANOTHER_PAYMENT
    assert payment.state is State.AWAITING_CONFIRMATION


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    payment = make_payment(state=State.POSTED)

    settled(payment, told(payment, Status.CANCELED))

    assert payment.state is State.POSTED


def test_a_refund_ends_when_the_whole_sum_went_back() -> None:
    payment = make_refunding()
    made = AcquirerRefund(acquirer_refund_id="r", refund_id="r", status=Status.SUCCEEDED, amount=payment.amount)

    settle_refund(payment, made, now=_NOW, backoff=standard_backoff())

    assert payment.state is State.REFUNDED


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            AcquirerRefund(acquirer_refund_id="r", refund_id="r", status=Status.SUCCEEDED, amount=rub(1)),
            Problem.AMOUNT_DIFFERS,
        ),
        (
            AcquirerRefund(acquirer_refund_id="r", refund_id="r", status=Status.CANCELED, amount=rub(450)),
            Problem.REFUND_IMPOSSIBLE,
        ),
        (Refused("invalid_request"), Problem.REFUND_IMPOSSIBLE),
        (Absent(), Problem.REFUND_IMPOSSIBLE),
        (Silence(), None),
    ],
)
def test_a_refund_that_fails_stays_due_and_goes_to_a_person_unless_nothing_was_answered(
    answer: RefundAnswer, problem: Problem | None
) -> None:
    payment = make_refunding()

    settle_refund(payment, answer, now=_NOW, backoff=standard_backoff())

    assert (payment.state, payment.needs_person) == (State.REFUNDING, problem)
    assert payment.due_at is not None
