"""The life of a posting."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import PaymentIdReused, RegionAnswerInvalid
from services.accounts.domain.events import PaymentPosted, PostingRefused
from services.accounts.domain.posting import IllegalMove, Posting, PostingState
from services.chassis.errors import FieldInvalid
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, PLAN, make_answer, make_posting

_MOVES = st.lists(st.sampled_from(["confirm", "refuse", "postpone"]), max_size=6)


def test_announces_once_what_the_region_credited() -> None:
    posting = make_posting(kopecks=45000)

    posting.confirm(make_answer(posting), now=A_MORNING)

    assert posting.pending_events == [
        PaymentPosted(payment_id=posting.payment_id, amount=Money(45000), posted_at=A_MORNING, service_restored_at=None)
    ]
    assert (posting.state, posting.due_at) == (PostingState.POSTED, None)


def test_announces_a_refusal_with_its_reason() -> None:
    posting = make_posting()

    posting.refuse("ACCOUNT_CLOSED", now=A_MORNING)

    (event,) = posting.pending_events
    assert isinstance(event, PostingRefused)
    assert (event.refusal_reason, event.amount) == ("ACCOUNT_CLOSED", posting.amount)


def _other_payment(answer: RegionalPosting) -> RegionalPosting:
    return RegionalPosting(
        payment_id="pay_" + "0" * 32,
        number=answer.number,
        amount=answer.amount,
        posted_at=answer.posted_at,
        balance_after=answer.balance_after,
        service_restored_at=None,
    )


@pytest.mark.parametrize("kopecks", [44999, 45001, -45000])
def test_an_echo_with_another_sum_posts_nothing(kopecks: int) -> None:
    posting = make_posting(kopecks=45000)

    with pytest.raises(RegionAnswerInvalid):
        posting.confirm(make_answer(posting, kopecks=kopecks), now=A_MORNING)

    assert (posting.state, posting.pending_events) == (PostingState.REQUESTED, [])


def test_an_echo_of_another_payment_posts_nothing() -> None:
    posting = make_posting()

    with pytest.raises(RegionAnswerInvalid):
        posting.confirm(_other_payment(make_answer(posting)), now=A_MORNING)

    assert posting.state is PostingState.REQUESTED


@pytest.mark.parametrize("kopecks", [0, -1])
def test_only_a_positive_sum_can_be_credited(kopecks: int) -> None:
    with pytest.raises(FieldInvalid):
        make_posting(kopecks=kopecks)


def test_a_repeated_request_must_ask_for_the_same() -> None:
    posting = make_posting(kopecks=45000)

    posting.check_same(billing_account_id=posting.billing_account_id, amount=Money(45000))

    with pytest.raises(PaymentIdReused):
        posting.check_same(billing_account_id=posting.billing_account_id, amount=Money(45001))
    with pytest.raises(PaymentIdReused):
        posting.check_same(billing_account_id="acc_other", amount=Money(45000))


@pytest.mark.parametrize(("outage", "seconds"), [(False, [1, 2, 5, 15, 60, 300, 300]), (True, [1, 2, 5, 15, 60, 60])])
def test_waits_longer_each_time_but_not_long_for_a_region_that_is_away(outage: bool, seconds: list[int]) -> None:
    posting = make_posting()

    pauses = []
    for _ in seconds:
        posting.postpone("REGION_UNAVAILABLE", outage=outage, plan=PLAN, now=A_MORNING)
        assert posting.due_at is not None
        pauses.append((posting.due_at - A_MORNING).total_seconds())

    assert pauses == seconds


def test_goes_to_a_person_after_a_day_until_it_is_final() -> None:
    posting = make_posting(now=A_MORNING)

    for moment, needs_person in ((timedelta(hours=23, minutes=59), False), (timedelta(hours=24), True)):
        posting.postpone("REGION_UNAVAILABLE", outage=True, plan=PLAN, now=A_MORNING + moment)
        assert posting.needs_person is needs_person

    posting.confirm(make_answer(posting), now=A_MORNING)
    assert not posting.needs_person


def _apply(posting: Posting, move: str) -> None:
    match move:
        case "confirm":
            posting.confirm(make_answer(posting), now=A_MORNING)
        case "refuse":
            posting.refuse("ACCOUNT_CLOSED", now=A_MORNING)
        case _:
            posting.postpone("REGION_UNAVAILABLE", outage=True, plan=PLAN, now=A_MORNING)


@given(_MOVES)
def test_whatever_happens_it_ends_once_and_is_due_until_then(moves: list[str]) -> None:
    posting = make_posting()

    for move in moves:
        if posting.state is not PostingState.REQUESTED and move != "postpone":
            with pytest.raises(IllegalMove):
                _apply(posting, move)
        elif posting.state is PostingState.REQUESTED:
            _apply(posting, move)

    final = posting.state is not PostingState.REQUESTED
    assert (posting.due_at is None) == final
    assert len(posting.pending_events) == (1 if final else 0)
    assert [step.state for step in posting.history] == [PostingState.REQUESTED, posting.state][: 1 + final]
