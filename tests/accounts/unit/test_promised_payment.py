"""The life of a promised payment."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.ordering_errors import (
    AmountNotPositive,
    PromisedPaymentOpen,
    RequestIdMissing,
    RequestIdReused,
)
from services.accounts.domain.posting import IllegalMove
from services.accounts.domain.promised_payment import PromisedPayment, PromisedPaymentState
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY
from tests.accounts.ordering_builders import ERRANDS, make_promise, promise_answer

_S = PromisedPaymentState
_ENDS = {_S.REPAID, _S.REFUSED}
_MOVES = st.lists(st.sampled_from(["open", "repaid", "overdue", "refuse", "forgotten", "recheck"]), max_size=8)


def _heed(promise: PromisedPayment, state: PromisedPaymentState) -> None:
    promise.heed(promise_answer(promise, state), plan=ERRANDS, now=A_MORNING)


def test_opens_with_the_terms_of_the_region() -> None:
    promise = make_promise()

    _heed(promise, _S.OPEN)

    assert (promise.state, promise.fee, promise.repay_by) == (_S.OPEN, Money(30_00), A_MORNING + timedelta(days=5))
    with pytest.raises(PromisedPaymentOpen):
        promise.raise_if_it_holds()


def test_is_looked_at_no_later_than_when_it_becomes_overdue() -> None:
    promise = make_promise()
    soon = A_MORNING + timedelta(seconds=30)

    for _ in range(3):
        promise.heed(promise_answer(promise, _S.OPEN, repay_by=soon), plan=ERRANDS, now=A_MORNING)

    assert promise.errand.due_at == soon


def test_another_sum_is_no_answer() -> None:
    promise = make_promise()

    with pytest.raises(RegionAnswerInvalid):
        promise.heed(promise_answer(promise, _S.OPEN, kopecks=1), plan=ERRANDS, now=A_MORNING)

    assert promise.state is _S.REQUESTED


def test_one_that_is_overdue_holds_nothing_and_is_looked_at_seldom_until_a_payment_repays_it() -> None:
    promise = make_promise()
    _heed(promise, _S.OPEN)

    for _ in range(2):
        _heed(promise, _S.OVERDUE)
        assert not promise.holds
        assert promise.errand.due_at is not None
        assert promise.errand.due_at >= A_MORNING + ERRANDS.looks[-1]

    assert promise.recheck(now=A_MORNING)
    due_at = promise.errand.due_at
    _heed(promise, _S.REPAID)
    assert (due_at, promise.errand.due_at, promise.state) == (A_MORNING, None, _S.REPAID)


def test_one_that_is_overdue_rests_when_the_region_knows_of_none() -> None:
    promise = make_promise()
    _heed(promise, _S.OVERDUE)

    promise.forgotten(now=A_MORNING)

    assert (promise.state, promise.refusal_reason, promise.errand.due_at) == (_S.OVERDUE, None, None)


def test_one_that_is_overdue_is_neither_open_again_nor_refused() -> None:
    promise = make_promise()
    _heed(promise, _S.OVERDUE)

    with pytest.raises(RegionAnswerInvalid):
        _heed(promise, _S.OPEN)
    with pytest.raises(IllegalMove):
        promise.refuse("ACCOUNT_CLOSED", now=A_MORNING)

    assert promise.state is _S.OVERDUE


@pytest.mark.parametrize("state", [_S.REPAID, _S.REFUSED])
def test_a_payment_makes_nothing_due_that_has_ended(state: PromisedPaymentState) -> None:
    promise = make_promise()
    if state is _S.REFUSED:
        promise.refuse("ACCOUNT_CLOSED", now=A_MORNING)
    else:
        _heed(promise, state)

    assert not promise.recheck(now=A_MORNING)

    assert promise.errand.due_at is None


def test_a_payment_makes_an_open_one_due() -> None:
    promise = make_promise()
    assert not promise.recheck(now=A_MORNING)
    _heed(promise, _S.OPEN)
    _heed(promise, _S.OPEN)

    assert promise.recheck(now=A_MORNING)

    assert promise.errand.due_at == A_MORNING


def test_asks_for_a_request_id_and_a_sum_and_holds_a_repetition_to_them() -> None:
    with pytest.raises(RequestIdMissing):
        make_promise(request_id="")
    with pytest.raises(AmountNotPositive):
        make_promise(kopecks=0)
    with pytest.raises(RequestIdReused):
        make_promise(kopecks=300_00).check_same(key=KEY, amount=Money(1))


def _apply(promise: PromisedPayment, move: str) -> None:
    match move:
        case "refuse":
            promise.refuse("ACCOUNT_CLOSED", now=A_MORNING)
        case "forgotten":
            promise.forgotten(now=A_MORNING)
        case "recheck":
            promise.recheck(now=A_MORNING)
        case _:
            _heed(promise, _S(move))


@given(_MOVES)
def test_whatever_happens_it_ends_once_and_holds_the_account_until_then(moves: list[str]) -> None:
    promise = make_promise()
    seen = [promise.state]

    for move in moves:
        try:
            _apply(promise, move)
        except (IllegalMove, RegionAnswerInvalid):
            assert promise.state is seen[-1]
        seen.append(promise.state)
        assert promise.holds == (promise.state in {_S.REQUESTED, _S.OPEN}) == (not promise.is_at_rest)
        if promise.state is not _S.OVERDUE:
            assert (promise.errand.due_at is not None) == promise.holds

    assert len({state for state in seen if state in _ENDS}) <= 1
    if _S.OVERDUE in seen:
        assert set(seen[seen.index(_S.OVERDUE) :]) <= {_S.OVERDUE, _S.REPAID}
