"""What a comparison of books finds, and how long a day is."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.reconciliation import (
    BookedPayment,
    Difference,
    DifferenceKind,
    IllegalMove,
    Period,
    Reconciliation,
    ReconciliationState,
    Totals,
    listed_differences,
)
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, PLAN
from tests.accounts.reconciliation_fakes import make_booked

_DAY = date(2026, 11, 21)
_IDS = st.sampled_from([f"pay_{number}" for number in range(6)])
_BOOKS = st.dictionaries(_IDS, st.integers(1, 3), max_size=6)
_LISTS = st.lists(st.tuples(_IDS, st.integers(1, 3)), max_size=8)


def _plan() -> Reconciliation:
    return Reconciliation.plan(
        region="54", day=_DAY, time_zone="Asia/Novosibirsk", grace=timedelta(hours=4), now=A_MORNING
    )


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2014, 10, 26), "Europe/Moscow", 25),
        (date(2011, 3, 27), "Europe/Moscow", 23),
        (date(2026, 11, 21), "Asia/Kamchatka", 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_of_its_region_make_it(day: date, zone: str, hours: int) -> None:
    period = Period.of(day, time_zone=zone)

    assert period.ends_at - period.begins_at == timedelta(hours=hours)
    assert Period.of(day + timedelta(days=1), time_zone=zone).begins_at == period.ends_at


def test_a_day_is_due_when_it_has_been_over_for_a_while_in_its_region() -> None:
    due_at = _plan().due_at

    assert due_at is not None
    assert due_at.isoformat() == "2026-11-21T21:00:00+00:00"  # 22 November, 04:00 in Novosibirsk


@given(_BOOKS, _LISTS)
def test_finds_every_difference_and_nothing_else(ours: dict[str, int], theirs: list[tuple[str, int]]) -> None:
    listed: list[BookedPayment] = [make_booked(payment_id, kopecks=kopecks) for payment_id, kopecks in theirs]

    found = {
        difference.payment_id: difference
        for difference in listed_differences({key: Money(kopecks) for key, kopecks in ours.items()}, listed)
    }

    for payment_id in {*ours, *(payment_id for payment_id, _ in theirs)}:
        sums = [kopecks for listed_id, kopecks in theirs if listed_id == payment_id]
        same = sums == [ours.get(payment_id)]
        assert (payment_id in found) != same
        if not same:
            expected = {
                (False, True): DifferenceKind.MISSING_IN_REGION,
                (True, False): DifferenceKind.MISSING_HERE,
                (True, True): DifferenceKind.AMOUNT_DIFFERS,
            }[(bool(sums), payment_id in ours)]
            kind = DifferenceKind.POSTED_TWICE if len(sums) > 1 else expected
            assert found[payment_id] == Difference(
                payment_id=payment_id,
                kind=kind,
                ours=Money(ours[payment_id]) if payment_id in ours else None,
                theirs=Money(sum(sums)) if sums else None,
            )


def test_ends_when_the_books_agree_and_is_due_again_while_they_do_not() -> None:
    day = _plan()

    day.finish(ours=Totals(), theirs=Totals(), open_incidents=1, again_after=timedelta(hours=6), now=A_MORNING)
    assert (day.state, day.due_at) == (ReconciliationState.DIFFERENT, A_MORNING + timedelta(hours=6))

    day.begin_again(now=A_MORNING)
    assert (day.state, day.run) == (ReconciliationState.DUE, 2)
    day.finish(ours=Totals(), theirs=Totals(), open_incidents=0, again_after=timedelta(hours=6), now=A_MORNING)
    assert (day.state, day.due_at) == (ReconciliationState.EQUAL, None)
    with pytest.raises(IllegalMove):
        day.finish(ours=Totals(), theirs=None, open_incidents=0, again_after=timedelta(hours=6), now=A_MORNING)


def test_is_tried_again_ever_more_rarely_and_goes_to_a_person_after_three_days() -> None:
    day = _plan()

    for seconds in (1, 2, 5):
        day.postpone("REGION_UNAVAILABLE", plan=PLAN, now=A_MORNING)
        assert day.due_at == A_MORNING + timedelta(seconds=seconds)

    assert not day.needs_a_person(now=A_MORNING + timedelta(days=2, hours=23))
    assert day.needs_a_person(now=A_MORNING + timedelta(days=3))
