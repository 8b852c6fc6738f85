"""The state table and what hangs on it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.backoff import standard_backoff
from services.payments.domain.events import PaymentCaptured, PaymentDeclined, PaymentRefunded
from services.payments.domain.payment import (
    FINAL,
    KEY_IS_GOOD_FOR,
    UNKNOWN_AT_MOST,
    IllegalMove,
    Payment,
    Problem,
    State,
    autopay_payment_id,
)
from services.payments.domain.payment_stages import stages_of
from services.payments.domain.payment_states import NEXT
from services.payments.domain.returning import begin_refund, finish_refund
from tests.payments.builders import A_MORNING, GRACE, make_payment

_NOW = A_MORNING + timedelta(minutes=1)

MOVES: dict[str, Callable[[Payment], None]] = {
    "await": lambda payment: payment.await_confirmation(url="http://acquirer/pay", now=_NOW),
    "lose": lambda payment: payment.lose_track(now=_NOW),
    "capture": lambda payment: payment.capture(captured_at=_NOW, now=_NOW),
    "decline": lambda payment: payment.decline("insufficient_funds", now=_NOW),
    "post": lambda payment: payment.post(posted_at=_NOW, service_restored_at=None, now=_NOW),
    "begin_refund": lambda payment: begin_refund(payment, refusal_reason="ACCOUNT_CLOSED", now=_NOW),
    "finish_refund": lambda payment: finish_refund(payment, acquirer_refund_id="r", now=_NOW),
}
_EVENTS = {
    State.CAPTURED: PaymentCaptured,
    State.DECLINED: PaymentDeclined,
    State.REFUNDED: PaymentRefunded,
}


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
def test_only_moves_of_the_table_happen_and_the_history_only_grows(names: list[str]) -> None:
    payment = make_payment()

    for name in names:
        before, events = list(payment.history), len(payment.pending_events)
        try:
            MOVES[name](payment)
        except IllegalMove:
            assert payment.history == before
            assert len(payment.pending_events) == events
        assert payment.history[: len(before)] == before

    states = [step.state for step in payment.history]
    assert all(following in NEXT[state] for state, following in pairwise(states))
    announced = [_EVENTS[state] for state in states if state in _EVENTS]
    assert [type(event) for event in payment.pending_events] == announced


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
def test_money_is_taken_once_and_goes_one_way_only(names: list[str]) -> None:
    payment = make_payment()

    for name in names:
        try:
            MOVES[name](payment)
        except IllegalMove:
            continue

    states = [step.state for step in payment.history]
    assert states.count(State.CAPTURED) <= 1
    assert not {State.DECLINED, State.CAPTURED} <= set(states)
    assert not {State.POSTED, State.REFUNDED} <= set(states)


def test_every_state_leads_to_an_end() -> None:
    reaching = set(FINAL)
    for _ in State:
        reaching |= {state for state, following in NEXT.items() if following & reaching}

    assert reaching == set(State)
    assert {State.POSTED, State.DECLINED, State.REFUNDED} == FINAL


def test_a_payment_unknown_for_a_day_goes_to_a_person_and_is_asked_about_daily() -> None:
    payment = make_payment(state=State.UNKNOWN, asked=9)
    tomorrow = A_MORNING + timedelta(hours=24)

    payment.try_again(now=tomorrow, backoff=standard_backoff())

    assert payment.needs_person is Problem.OUTCOME_UNKNOWN
    assert payment.state is State.UNKNOWN
    assert payment.due_at == tomorrow + timedelta(days=1)
    assert not payment.may_repeat_charge(now=tomorrow)


@pytest.mark.parametrize("state", [State.CREATED, State.UNKNOWN, State.AWAITING_CONFIRMATION])
def test_what_is_undecided_is_asked_about_every_10_minutes_for_a_day_then_daily(state: State) -> None:
    payment = make_payment(state=state)
    asked_at = [A_MORNING]

    while asked_at[-1] < A_MORNING + timedelta(days=3):
        payment.try_again(now=asked_at[-1], backoff=standard_backoff())
        assert payment.due_at is not None
        asked_at.append(payment.due_at)

    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(asked_at)]
    assert pauses[:6] == [5, 15, 60, 300, 600, 600]
    assert set(pauses[-2:]) == {86_400}
    within_a_day = [
        pause for asked, pause in zip(asked_at, pauses, strict=False) if asked < A_MORNING + UNKNOWN_AT_MOST
    ]
    assert max(within_a_day) == 600
    assert len(asked_at) < 160


def test_a_last_question_is_asked_while_the_key_is_still_good() -> None:
    payment = make_payment(state=State.UNKNOWN, asked=9)
    key_ends = A_MORNING + KEY_IS_GOOD_FOR

    payment.try_again(now=key_ends - timedelta(minutes=5), backoff=standard_backoff())

    assert payment.due_at == key_ends - timedelta(minutes=1)
    assert payment.may_repeat_charge(now=payment.due_at)


def test_a_charge_that_was_not_sent_yet_waits_10_minutes_at_most() -> None:
    payment = make_payment(charge_begun_at=None, autopay_rule_id="aru_1", asked=9)

    payment.try_again(now=A_MORNING + timedelta(days=2), backoff=standard_backoff())

    assert payment.due_at == A_MORNING + timedelta(days=2, minutes=10)


def test_a_scale_shortens_the_pauses_of_what_is_undecided() -> None:
    payment = make_payment(state=State.UNKNOWN, asked=4)

    payment.try_again(now=A_MORNING, backoff=standard_backoff(scale=0.02))

    assert payment.due_at == A_MORNING + timedelta(seconds=72)


@pytest.mark.parametrize("state", [State.CAPTURED, State.REFUNDING])
def test_money_that_is_held_is_looked_after_at_least_every_minute(state: State) -> None:
    payment = make_payment(state=state, asked=9)

    payment.try_again(now=A_MORNING, backoff=standard_backoff())

    assert payment.due_at == A_MORNING + timedelta(minutes=1)


def test_a_final_payment_is_due_no_more() -> None:
    payment = make_payment(state=State.CAPTURED, due_at=A_MORNING)

    payment.post(posted_at=_NOW, service_restored_at=None, now=_NOW)
    payment.try_again(now=_NOW, backoff=standard_backoff())

    assert payment.due_at is None


def test_shows_the_stages_of_the_way_it_went() -> None:
    posted = make_payment(state=State.CAPTURED)
    refused = make_payment(state=State.CAPTURED)

    posted.post(posted_at=_NOW, service_restored_at=_NOW, now=_NOW)
    begin_refund(refused, refusal_reason="ACCOUNT_CLOSED", now=_NOW)

    names = [stage.stage for stage in stages_of(posted)]
    assert names == ["created", "taken", "credited", "service_restored"]
    assert [(stage.stage, stage.reached_at) for stage in stages_of(refused)] == [
        ("created", A_MORNING),
        ("taken", A_MORNING),
        ("refunded", None),
    ]
    assert [stage.stage for stage in stages_of(make_payment(state=State.DECLINED))] == ["created", "declined"]


def test_a_begun_charge_is_left_alone_for_the_grace() -> None:
    payment = make_payment(charge_begun_at=None)

    payment.begin_charge(now=_NOW, grace=GRACE)

    assert payment.due_at == _NOW + GRACE


def test_a_decision_has_one_payment_id() -> None:
    first, other = autopay_payment_id("aru_1:2026-11"), autopay_payment_id("aru_1:2026-12")

    assert first == autopay_payment_id("aru_1:2026-11") != other
    assert len(first) == len("pay_") + 32


def test_an_unknown_move_raises() -> None:
    with pytest.raises(IllegalMove):
        begin_refund(make_payment(state=State.POSTED), refusal_reason="LATE", now=_NOW)
