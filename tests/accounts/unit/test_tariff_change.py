"""The life of a tariff change, and its dates in the calendar of its region."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.adapters.json_regions import load_regions
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.ordering_errors import TariffChangeDone, TariffQuoteExpired
from services.accounts.domain.posting import IllegalMove
from services.accounts.domain.tariff_change import LONGEST_FLIGHT, TariffChange, TariffChangeState, beginning_of
from tests.accounts.builders import A_MORNING
from tests.accounts.ordering_builders import ERRANDS, change_answer, make_change, make_quote, make_quoted

_S = TariffChangeState
_ZONES = sorted({region.time_zone for region in load_regions(connected=[]).all()})
_DAYS = st.dates(date(2026, 1, 1), date(2040, 12, 31))
_MOVES = st.lists(
    st.sampled_from(["scheduled", "done", "canceled", "refuse", "take_back", "forgotten", "postpone"]), max_size=8
)


def _heed(change: TariffChange, state: TariffChangeState, *, now: datetime = A_MORNING) -> None:
    change.heed(change_answer(change, state), plan=ERRANDS, now=now)


@given(day=_DAYS, zone=st.sampled_from(_ZONES))
def test_the_day_begins_at_midnight_in_every_zone_of_russia(day: date, zone: str) -> None:
    local = beginning_of(day, time_zone=zone).astimezone(ZoneInfo(zone))

    assert (local.date(), local.hour, local.minute) == (day, 0, 0)
    assert (local - timedelta(milliseconds=1)).astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)


def test_the_same_day_begins_ten_hours_apart_from_one_end_of_russia_to_the_other() -> None:
    first = beginning_of(date(2026, 12, 1), time_zone="Asia/Kamchatka")
    last = beginning_of(date(2026, 12, 1), time_zone="Europe/Kaliningrad")

    assert (first, last) == (datetime(2026, 11, 30, 12, tzinfo=UTC), datetime(2026, 11, 30, 22, tzinfo=UTC))


@given(zone=st.sampled_from(_ZONES), minutes=st.integers(-2000, 2000))
def test_can_be_taken_back_until_that_midnight_and_not_after(zone: str, minutes: int) -> None:
    change = make_change(effective_date=date(2026, 12, 1), time_zone=zone)
    _heed(change, _S.SCHEDULED)
    now = change.undo_until + timedelta(minutes=minutes)

    if minutes < 0:
        assert change.can_be_taken_back(now=now)
        assert change.take_back(now=now)
        assert not change.take_back(now=now)
    else:
        assert not change.can_be_taken_back(now=now)
        with pytest.raises(TariffChangeDone):
            change.take_back(now=now)


@pytest.mark.parametrize("zone", _ZONES)
def test_a_scheduled_change_is_looked_at_within_half_an_hour_of_its_midnight(zone: str) -> None:
    change = make_change(time_zone=zone)

    _heed(change, _S.SCHEDULED)

    assert change.errand.due_at is not None
    assert timedelta(0) <= change.errand.due_at - change.undo_until <= timedelta(minutes=30)


def test_is_looked_at_again_and_again_once_its_day_has_come() -> None:
    change = make_change()
    _heed(change, _S.SCHEDULED)
    late = change.undo_until + timedelta(hours=1)

    pauses = []
    for _ in range(4):
        _heed(change, _S.SCHEDULED, now=late)
        assert change.errand.due_at is not None
        pauses.append((change.errand.due_at - late).total_seconds())

    assert all(wanted <= pause <= wanted * 1.25 for wanted, pause in zip([2, 60, 900, 900], pauses, strict=True))


def test_a_quote_is_good_for_ten_minutes() -> None:
    quote = make_quote(now=A_MORNING)

    quote.check_good(now=A_MORNING + timedelta(minutes=9, seconds=59))

    with pytest.raises(TariffQuoteExpired):
        TariffChange.request(quote, time_zone="Europe/Moscow", now=A_MORNING + timedelta(minutes=10))


@pytest.mark.parametrize("wrong", [make_quoted(price_kopecks=1), make_quoted(effective_date=date(2026, 12, 2))])
def test_another_price_or_date_than_agreed_to_is_no_answer(wrong: object) -> None:
    change = make_change()

    with pytest.raises(RegionAnswerInvalid):
        change.heed(change_answer(change, _S.SCHEDULED, quoted=wrong), plan=ERRANDS, now=A_MORNING)  # type: ignore[arg-type]

    assert change.state is _S.REQUESTED


def test_what_may_still_be_on_its_way_is_not_called_taken_back() -> None:
    change = make_change()
    change.take_back(now=A_MORNING)

    change.forgotten(plan=ERRANDS, now=A_MORNING + LONGEST_FLIGHT - timedelta(seconds=1))
    assert (change.state, change.errand.due_at is not None) == (_S.CANCELING, True)

    change.forgotten(plan=ERRANDS, now=A_MORNING + LONGEST_FLIGHT)
    assert (change.state, change.errand.due_at) == (_S.CANCELED, None)


def test_one_that_the_region_forgot_will_not_happen_and_says_so() -> None:
    change = make_change()
    _heed(change, _S.SCHEDULED)

    change.forgotten(plan=ERRANDS, now=A_MORNING)

    assert (change.state, change.refusal_reason) == (_S.REFUSED, "TARIFF_CHANGE_NOT_FOUND")


def test_a_region_that_keeps_what_it_was_to_cancel_has_not_answered() -> None:
    change = make_change()
    _heed(change, _S.SCHEDULED)
    change.take_back(now=A_MORNING)

    with pytest.raises(RegionAnswerInvalid):
        _heed(change, _S.SCHEDULED)

    assert change.state is _S.CANCELING


def _apply(change: TariffChange, move: str) -> None:
    match move:
        case "refuse":
            change.refuse("ACCOUNT_CLOSED", now=A_MORNING)
        case "take_back":
            change.take_back(now=A_MORNING)
        case "forgotten":
            change.forgotten(plan=ERRANDS, now=A_MORNING)
        case "postpone":
            if not change.is_at_rest:
                change.errand.postpone("REGION_UNAVAILABLE", outage=True, plan=ERRANDS, now=A_MORNING)
        case _:
            _heed(change, _S(move))


@given(_MOVES)
def test_whatever_happens_it_ends_once_and_is_due_until_then(moves: list[str]) -> None:
    change = make_change()
    seen = [change.state]

    for move in moves:
        try:
            _apply(change, move)
        except (IllegalMove, RegionAnswerInvalid, TariffChangeDone):
            assert change.state is seen[-1]
        seen.append(change.state)
        assert (change.errand.due_at is None) == change.is_at_rest
        assert (change.refusal_reason is not None) == (change.state is _S.REFUSED)

    ends = [state for state in seen if state in {_S.DONE, _S.CANCELED, _S.REFUSED}]
    assert len(set(ends)) <= 1
