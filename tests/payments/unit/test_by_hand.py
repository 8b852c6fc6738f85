"""What waits for a person: nothing that was handed over is lost from sight before somebody has dealt with it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import DomainError, FieldInvalid
from services.chassis.money import Money
from services.payments.application.receipts import OpenReceipt
from services.payments.application.settle_by_hand import SettleByHand
from services.payments.domain.acquirer import Status
from services.payments.domain.by_hand import close_problem, record_chargeback
from services.payments.domain.evidence import Chargeback, Evidence, Outcome
from services.payments.domain.payment import IllegalMove, Payment, Problem, State
from services.payments.domain.ports import Posting, PostingState
from services.payments.domain.returning import ask_refund, fail_refund, finish_refund, record_reversal
from tests.payments.builders import A_MORNING, make_payment, rub, told
from tests.payments.fake_world import TERMS, World

_NOW = A_MORNING + timedelta(hours=1)
_EVIDENCE = Evidence(about="problem", note="ticket 5", recorded_by="op", recorded_at=_NOW)
_STEPS = ["ask", "finish", "fail", "reverse", "dispute", "contradict", "close"]


def make_posted() -> Payment:
    return make_payment(state=State.POSTED, acquirer_payment_id="a", captured_at=A_MORNING, posted_at=A_MORNING)


def ask(payment: Payment, kopecks: int = 10_000) -> None:
    ask_refund(payment, Money(kopecks), reference=f"T-{len(payment.refunds)}", reason="moved out", now=_NOW)


def finish(payment: Payment) -> None:
    finish_refund(payment, acquirer_refund_id=f"r-{len(payment.refunds)}", now=_NOW)


def dispute(payment: Payment) -> None:
    chargeback = Chargeback(
        chargeback_id=f"cb-{len(payment.chargebacks)}",
        amount=payment.amount,
        reason="not_recognised",
        received_at=_NOW,
        recorded_at=_NOW,
    )
    record_chargeback(payment, chargeback)


def reverse(payment: Payment) -> None:
    waiting = next((refund for refund in payment.refunds if refund.awaits_reversal), None)
    record_reversal(payment, waiting.refund_id if waiting else "none", evidence=_EVIDENCE, now=_NOW)


def close(payment: Payment) -> None:
    close_problem(payment, evidence=_EVIDENCE)


def take(step: str, payment: Payment) -> None:
    match step:
        case "ask":
            ask(payment)
        case "finish":
            finish(payment)
        case "fail":
            fail_refund(payment, now=_NOW)
        case "reverse":
            reverse(payment)
        case "dispute":
            dispute(payment)
        case "contradict":
            payment.flag(Problem.POSTING_CONTRADICTED)
        case "close":
            close(payment)


@given(st.lists(st.sampled_from(_STEPS), max_size=40))
def test_books_that_are_not_right_are_in_the_queue_until_they_are(steps: list[str]) -> None:
    payment = make_posted()

    for step in steps:
        try:
            take(step, payment)
        except DomainError:
            continue
        if payment.state is State.REVERSAL_DUE:
            assert payment.needs_person is not None
            assert Problem.REVERSAL_NEEDED in payment.problems


@given(st.lists(st.sampled_from(_STEPS), max_size=40))
def test_what_was_handed_over_waits_until_it_was_dealt_with_and_can_be(steps: list[str]) -> None:
    payment = make_posted()

    for step in steps:
        before, first = set(payment.problems), payment.needs_person
        try:
            take(step, payment)
        except DomainError:
            continue
        assert before - set(payment.problems) <= {first if step == "close" else Problem.REVERSAL_NEEDED}
        assert len(set(payment.problems)) == len(payment.problems)
        assert Problem.REVERSAL_NEEDED not in payment.problems[:-1]

    for step in [*["finish"] * 5, *["reverse"] * 5, *["close"] * 5]:
        try:
            take(step, payment)
        except DomainError:
            continue
    assert payment.problems == []


def test_a_dispute_is_answered_first_and_the_books_wait_behind_it() -> None:
    payment = make_posted()
    ask(payment)
    finish(payment)

    dispute(payment)
    first = payment.problems
    close(payment)
    then = payment.problems
    reverse(payment)

    assert first == [Problem.CHARGEBACK, Problem.REVERSAL_NEEDED]
    assert then == [Problem.REVERSAL_NEEDED]
    assert (payment.state, payment.problems) == (State.POSTED, [])


def test_a_dispute_that_nobody_answered_yet_outlasts_the_reversal() -> None:
    payment = make_posted()
    ask(payment)
    finish(payment)
    dispute(payment)

    reverse(payment)

    assert (payment.state, payment.needs_person) == (State.POSTED, Problem.CHARGEBACK)


@pytest.mark.parametrize("problem", [Problem.CHARGEBACK, Problem.REFUND_IMPOSSIBLE])
def test_a_payment_whose_books_were_flagged_behind_nothing_before_waits_for_them_once_it_is_closed(
    problem: Problem,
) -> None:
    payment = make_payment(state=State.REVERSAL_DUE, needs_person=problem)

    close(payment)

    assert payment.problems == [Problem.REVERSAL_NEEDED]
    with pytest.raises(IllegalMove):
        close(payment)


def test_books_that_were_put_right_while_a_further_refund_failed_are_closed_by_a_note() -> None:
    payment = make_posted()
    ask(payment)
    finish(payment)
    ask(payment)
    reverse(payment)
    fail_refund(payment, now=_NOW)

    close(payment)
    close(payment)

    assert (payment.state, payment.problems) == (State.POSTED, [])


def test_a_problem_behind_another_is_saved_once() -> None:
    world, payment = World(), make_payment(state=State.POSTED, needs_person=Problem.CHARGEBACK)
    world.payments.save(payment)

    for _ in range(3):
        world.process().record_crediting(
            payment_id=payment.payment_id,
            amount=rub(1),
            posting=Posting(state=PostingState.POSTED, posted_at=A_MORNING),
        )

    found = world.payments.get(payment.payment_id)
    assert found is not None
    assert found.problems == [Problem.CHARGEBACK, Problem.AMOUNT_DIFFERS]
    assert found.version == 2


def by_hand(world: World) -> SettleByHand:
    return SettleByHand(
        payments=world.payments,
        acquirer=world.acquirer,
        open_receipt=OpenReceipt(receipts=world.receipts, terms=TERMS, clock=world.clock),
        clock=world.clock,
        timeout_s=4,
    )


def world_with_unknown(**fields: Any) -> tuple[World, Payment]:
    world = World()
    payment = make_payment(state=State.UNKNOWN, needs_person=Problem.OUTCOME_UNKNOWN, **fields)
    world.payments.save(payment)
    return world, payment


def record(world: World, payment: Payment, outcome: Outcome, named: str) -> Payment:
    return by_hand(world).record_outcome(
        payment.payment_id, outcome, acquirer_payment_id=named, note="letter", recorded_by="op"
    )


def test_what_was_taken_keeps_the_acquirers_id_and_can_be_given_back() -> None:
    world, payment = world_with_unknown()
    shown = told(payment)
    world.acquirer.by_key[payment.charge_key] = shown
    world.accounts.refuses = "ACCOUNT_CLOSED"

    recorded = record(world, payment, Outcome.TAKEN, shown.acquirer_payment_id)
    world.process().run(minutes=3)

    found = world.payments.get(payment.payment_id)
    assert (recorded.state, recorded.acquirer_payment_id) == (State.CAPTURED, shown.acquirer_payment_id)
    assert found is not None
    assert (found.state, found.problems) == (State.REFUNDED, [])


@pytest.mark.parametrize(
    "shown",
    [
        None,
        {"amount": rub(1)},
        {"payment_id": "pay_another"},
        {"status": Status.PENDING},
        {"status": Status.CANCELED},
    ],
)
def test_what_was_taken_is_refused_without_an_id_under_which_the_acquirer_shows_it(
    shown: dict[str, Any] | None,
) -> None:
    world, payment = world_with_unknown()
    if shown is not None:
        world.acquirer.by_key[payment.charge_key] = told(payment, **shown)

    for named in ("", f"acquirer-{payment.payment_id}"):
        with pytest.raises(FieldInvalid):
            record(world, payment, Outcome.TAKEN, named)

    assert world.payments.get(payment.payment_id) == payment
    assert world.receipts.rows.all() == []


def test_a_payment_that_has_its_id_needs_no_other_and_takes_none() -> None:
    world, payment = world_with_unknown(acquirer_payment_id="a")
    world.acquirer.by_key["other"] = told(payment, acquirer_payment_id="b")

    with pytest.raises(FieldInvalid):
        record(world, payment, Outcome.TAKEN, "b")

    recorded = record(world, payment, Outcome.TAKEN, "")
    assert (recorded.state, recorded.acquirer_payment_id) == (State.CAPTURED, "a")


def test_what_was_not_taken_has_no_id() -> None:
    world, payment = world_with_unknown()
    world.acquirer.by_key[payment.charge_key] = told(payment)

    with pytest.raises(FieldInvalid):
        record(world, payment, Outcome.NOT_TAKEN, f"acquirer-{payment.payment_id}")

    assert record(world, payment, Outcome.NOT_TAKEN, "").state is State.DECLINED
