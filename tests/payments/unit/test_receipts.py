"""Receipts (54-FZ): one per move of money, over the same sum, whatever happens on the way."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.adapters.profile_file import load_fiscal_terms
from services.payments.application.receipts import OpenReceipt
from services.payments.domain.acquirer import Busy, Refused, Silence
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.fiscal import AcquirerReceipt, MovedMoney, ReceiptAnswer, ReceiptOrder, ReceiptStatus
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.payment_stages import stages_of
from services.payments.domain.receipt import (
    _NEXT,
    RECEIPT_PROBLEMS_IN_WORDS,
    IllegalReceiptMove,
    Receipt,
    ReceiptNotFound,
    ReceiptProblem,
    ReceiptState,
    settle_receipt,
)
from tests.payments.builders import A_MORNING, make_method, make_payment, make_receipt, make_request, rub
from tests.payments.fake_world import TERMS, World

_NOW = A_MORNING + timedelta(minutes=1)
_MOVES: dict[str, Callable[[Receipt], None]] = {
    "sent": lambda receipt: receipt.note_sent(acquirer_receipt_id="rt", now=_NOW),
    "register": lambda receipt: receipt.register(acquirer_receipt_id="rt", registered_at=_NOW, now=_NOW),
    "fail": lambda receipt: receipt.fail(ReceiptProblem.CANCELED, now=_NOW),
    "retry": lambda receipt: receipt.retry(now=_NOW),
    "void": lambda receipt: receipt.void(now=_NOW),
}


def told(receipt: Receipt, status: ReceiptStatus = ReceiptStatus.SUCCEEDED, kopecks: int = 45_000) -> AcquirerReceipt:
    amount = type(receipt.amount)(kopecks)
    return AcquirerReceipt(acquirer_receipt_id="rt", status=status, amount=amount, registered_at=_NOW)


def paid(world: World) -> str:
    """Pay by a saved card; return the payment's id."""
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
    return world.process().create_payment(request).payment_id


@given(st.lists(st.sampled_from(sorted(_MOVES)), max_size=10))
def test_only_moves_of_the_table_happen_and_the_history_only_grows(names: list[str]) -> None:
    receipt = make_receipt()

    for name in names:
        before = list(receipt.history)
        try:
            _MOVES[name](receipt)
        except IllegalReceiptMove:
            assert receipt.history == before
        assert receipt.history[: len(before)] == before

    states = [step.state for step in receipt.history]
    assert all(following in _NEXT[state] for state, following in pairwise(states))
    assert receipt.receipt_key == f"{receipt.receipt_id}:{1 + states[1:].count(ReceiptState.PENDING)}"


def test_the_profile_of_2014_has_none_and_that_of_2026_its_fiscal_data() -> None:
    assert load_fiscal_terms("ru-2014") is None
    assert load_fiscal_terms("ru-2026") == TERMS


def test_a_captured_payment_gets_one_receipt_over_its_sum_and_shows_when_it_was_registered() -> None:
    world = World()
    payment_id = paid(world)

    world.process().run(minutes=1)

    payment = world.payments.get(payment_id)
    assert payment is not None and payment.receipt_at is not None
    [(order, _)] = world.register.by_key.values()
    assert (order.amount, order.terms, order.email) == (payment.amount, TERMS, "payer@example.test")
    assert [stage.stage for stage in stages_of(payment)] == ["created", "taken", "receipt", "credited"]
    assert world.receipts.rows.all()[0].commission == rub(0)


def test_where_the_profile_has_no_receipts_none_is_opened_and_no_stage_is_awaited() -> None:
    world, payment = World(), make_payment(state=State.CAPTURED)

    OpenReceipt(receipts=world.receipts, terms=None, clock=world.clock).for_payment(payment)

    assert world.receipts.rows.all() == []
    assert "receipt" not in [stage.stage for stage in stages_of(payment)]


def test_an_awaited_receipt_holds_nothing_up() -> None:
    world = World()
    world.contacts.silent = True
    payment_id = paid(world)

    world.process().run(minutes=1)

    payment = world.payments.get(payment_id)
    assert payment is not None and payment.state is State.POSTED
    awaited = [stage.stage for stage in stages_of(payment) if stage.reached_at is None]
    assert awaited == ["receipt"]
    assert world.register.by_key == {}


def test_a_receipt_of_a_payment_that_was_declined_after_all_is_void() -> None:
    world = World()
    payment = make_payment(state=State.DECLINED)
    world.payments.save(payment)
    world.receipts.save(make_receipt(payment_id=payment.payment_id, due_at=world.clock.now()))

    world.process().run(minutes=1)

    assert world.receipts.rows.all()[0].state is ReceiptState.VOID
    assert world.register.by_key == {}


def test_a_receipt_waits_for_money_that_is_not_decided() -> None:
    world = World()
    payment = make_payment(state=State.UNKNOWN)
    world.payments.save(payment)
    world.receipts.save(make_receipt(payment_id=payment.payment_id, due_at=world.clock.now()))

    world.process().drive_receipts()

    [receipt] = world.receipts.rows.all()
    assert (receipt.state, receipt.due_at) == (ReceiptState.PENDING, world.clock.now() + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("answer", "state", "problem"),
    [
        (told(make_receipt()), ReceiptState.REGISTERED, None),
        (told(make_receipt(), ReceiptStatus.PENDING), ReceiptState.SENT, None),
        (told(make_receipt(), ReceiptStatus.CANCELED), ReceiptState.FAILED, ReceiptProblem.CANCELED),
        (told(make_receipt(), kopecks=1), ReceiptState.FAILED, ReceiptProblem.AMOUNT_DIFFERS),
        (Refused("invalid_request"), ReceiptState.FAILED, ReceiptProblem.REFUSED),
        (Silence(), ReceiptState.PENDING, None),
        (Busy(), ReceiptState.PENDING, None),
    ],
)
def test_each_answer_makes_of_it_what_it_says(
    answer: ReceiptAnswer, state: ReceiptState, problem: ReceiptProblem | None
) -> None:
    receipt = make_receipt()

    settle_receipt(receipt, answer, now=_NOW, backoff=standard_backoff())

    assert (receipt.state, receipt.problem) == (state, problem)
    assert (receipt.due_at is None) == (state in {ReceiptState.REGISTERED, ReceiptState.FAILED})


def test_a_first_try_is_sent_without_a_look_and_a_repeated_one_after_a_look() -> None:
    good, silent = World(), World()
    silent.register.script.append(lambda answer: Silence())

    for world in (good, silent):
        paid(world)
        world.process().run(minutes=5)

    assert [world.receipts.rows.all()[0].state for world in (good, silent)] == [ReceiptState.REGISTERED] * 2
    assert (good.register.looks, silent.register.looks) == (0, 1)


def test_one_that_was_sent_to_another_address_by_somebody_who_was_killed_is_found() -> None:
    world = World()
    payment = world.payments.get(paid(world))
    [receipt] = world.receipts.rows.all()
    assert payment is not None
    sent = ReceiptOrder(
        idempotence_key=receipt.receipt_key,
        money=MovedMoney(acquirer_payment_id=payment.acquirer_payment_id, acquirer_refund_id=""),
        amount=receipt.amount,
        terms=TERMS,
        email="the.former@example.test",
    )
    world.register.register(sent, timeout_s=1)

    world.process().run(minutes=1)

    assert world.receipts.rows.all()[0].state is ReceiptState.REGISTERED
    assert [order for order, _ in world.register.by_key.values()] == [sent]


def test_a_first_try_that_is_refused_goes_to_a_person() -> None:
    world = World()
    world.register.script.append(lambda answer: Refused("invalid_request"))
    paid(world)

    world.process().run(minutes=1)

    [receipt] = world.receipts.rows.all()
    assert (receipt.state, receipt.problem) == (ReceiptState.FAILED, ReceiptProblem.REFUSED)


def test_a_lost_answer_leads_to_no_second_receipt() -> None:
    world = World()
    world.register.lists_lag = True
    world.register.script += [lambda answer: Silence(), lambda answer: Silence()]
    paid(world)

    world.process().run(minutes=5)

    assert world.receipts.rows.all()[0].state is ReceiptState.REGISTERED
    assert len(world.register.by_key) == 1


def test_without_an_address_it_goes_to_a_person_and_is_sent_once_there_is_one() -> None:
    world = World()
    world.contacts.email = ""
    paid(world)
    world.process().run(minutes=1)
    [waiting] = world.process().receipts_by_hand.queue()

    world.contacts.email = "payer@example.test"
    world.process().run(minutes=10)

    assert waiting.problem is ReceiptProblem.NO_CONTACT
    [receipt] = world.receipts.rows.all()
    assert (receipt.state, receipt.problem) == (ReceiptState.REGISTERED, None)


def test_what_is_not_registered_for_a_day_goes_to_a_person_and_is_asked_about_daily() -> None:
    receipt = make_receipt(state=ReceiptState.SENT, asked=9)

    receipt.try_again(now=A_MORNING + timedelta(hours=24), backoff=standard_backoff())

    assert (receipt.state, receipt.problem) == (ReceiptState.SENT, ReceiptProblem.OVERDUE)
    assert receipt.due_at == A_MORNING + timedelta(hours=48)


def test_a_failed_one_is_sent_anew_under_another_key_at_a_persons_word() -> None:
    world = World()
    world.register.script.append(lambda answer: Refused("invalid_request"))
    paid(world)
    world.process().run(minutes=1)
    [failed] = world.process().receipts_by_hand.queue()
    world.register.by_key.clear()

    world.process().receipts_by_hand.retry(failed.receipt_id)
    world.process().run(minutes=1)

    assert failed.problem is ReceiptProblem.REFUSED
    assert list(world.register.by_key) == [f"{failed.receipt_id}:2"]
    assert world.process().receipts_by_hand.queue() == []
    with pytest.raises(IllegalReceiptMove):
        world.process().receipts_by_hand.retry(failed.receipt_id)
    with pytest.raises(ReceiptNotFound):
        world.process().receipts_by_hand.retry("none")


def test_a_refund_has_a_receipt_of_its_own() -> None:
    world = World()
    payment_id = paid(world)
    world.process().run(minutes=1)
    world.process().refund_payment(payment_id=payment_id, amount_minor=10_000, reference="T-1", reason="moved out")

    world.process().run(minutes=2)

    orders = [order for order, _ in world.register.by_key.values()]
    assert [order.amount for order in orders] == [rub(450), rub(100)]
    assert [bool(order.money.acquirer_refund_id) for order in orders] == [False, True]
    assert {receipt.state for receipt in world.receipts.rows.all()} == {ReceiptState.REGISTERED}


def test_every_problem_has_words_for_whoever_has_to_solve_it() -> None:
    assert set(RECEIPT_PROBLEMS_IN_WORDS) == set(ReceiptProblem)
