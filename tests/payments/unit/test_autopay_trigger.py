"""Dates of autopay in every zone of Russia, for every day of a month."""

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.autopay_trigger import (
    DayOfMonth,
    DayOutOfRange,
    FirstOfMonth,
    minute_of,
    next_charge,
    opening_after,
)

ZONES = [
    *("Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk"),
    *("Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka"),
]
moments = st.integers(0, 26 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2014, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
rule_ids = st.uuids().map(lambda number: f"aru_{number.hex}")


@given(day=st.integers(1, 31), zone=st.sampled_from(ZONES), after=moments, rule_id=rule_ids)
def test_charges_once_a_month_on_the_day_or_the_months_last_within_the_regions_day(
    day: int, zone: str, after: datetime, rule_id: str
) -> None:
    moment, periods = after, []

    for _ in range(14):
        coming = next_charge(DayOfMonth(day), rule_id=rule_id, time_zone=zone, after=moment)
        local = coming.charge_at.astimezone(ZoneInfo(zone))
        assert local.date() == coming.local_date
        assert local.day == min(day, monthrange(local.year, local.month)[1])
        assert time(8) <= local.time() < time(20)
        assert coming.charge_at > moment
        moment = coming.charge_at
        periods.append(coming.period)

    months = [int(period[:4]) * 12 + int(period[5:]) for period in periods]
    assert months == list(range(months[0], months[0] + 14))
    assert moment - after < timedelta(days=14 * 31 + 31)


def test_the_29th_falls_on_the_28th_in_a_common_february_and_returns() -> None:
    after, dates = datetime(2027, 1, 30, tzinfo=UTC), []

    for _ in range(3):
        coming = next_charge(DayOfMonth(29), rule_id="aru_1", time_zone="Asia/Omsk", after=after)
        after = coming.charge_at
        dates.append(coming.local_date.isoformat())

    assert dates == ["2027-02-28", "2027-03-29", "2027-04-29"]


def test_the_31st_falls_on_29_february_in_a_leap_year() -> None:
    coming = next_charge(
        DayOfMonth(31), rule_id="aru_1", time_zone="Asia/Omsk", after=datetime(2028, 2, 1, 12, tzinfo=UTC)
    )

    assert coming.local_date.isoformat() == "2028-02-29"


def test_moscow_keeps_its_local_hours_over_the_change_of_its_zone_in_october_2014() -> None:
    before = datetime(2014, 10, 1, tzinfo=UTC)

    old = next_charge(DayOfMonth(25), rule_id="aru_1", time_zone="Europe/Moscow", after=before)
    new = next_charge(DayOfMonth(25), rule_id="aru_1", time_zone="Europe/Moscow", after=old.charge_at)

    assert new.charge_at - old.charge_at == timedelta(days=31, hours=1)


def test_a_month_that_had_its_occasion_is_passed_over() -> None:
    coming = next_charge(
        FirstOfMonth(),
        rule_id="aru_1",
        time_zone="Europe/Moscow",
        after=datetime(2026, 10, 15, tzinfo=UTC),
        last_period="2026-11",
    )

    assert coming.period == "2026-12"


@pytest.mark.parametrize("day", [0, -1, 32])
def test_refuses_a_day_that_no_month_has(day: int) -> None:
    with pytest.raises(DayOutOfRange):
        DayOfMonth(day)


def test_rules_spread_over_the_day() -> None:
    minutes = {minute_of(f"aru_{number}") for number in range(1000)}

    assert len(minutes) > 450
    assert all(0 <= minute < 720 for minute in minutes)


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-11-22T07:59", "2026-11-22T08:00"),
        ("2026-11-22T08:00", None),
        ("2026-11-22T19:59", None),
        ("2026-11-22T20:00", "2026-11-23T08:00"),
    ],
)
def test_waits_for_the_morning_in_the_region(local: str, opens: str | None) -> None:
    zone = ZoneInfo("Asia/Vladivostok")
    now = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)

    opening = opening_after(now, time_zone="Asia/Vladivostok")

    assert opening == (datetime.fromisoformat(opens).replace(tzinfo=zone) if opens else None)
