"""Every day of a month over 2014-2040 in every zone of Russia, and caps over any day and month of a zone."""

import random
from calendar import monthrange
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from services.chassis.money import Money
from services.payments.domain.autopay_amount import Caps, FixedSum, UpToTarget
from services.payments.domain.autopay_calendar import PastCharge, charges_in_a_day, day_start, filled_at, month_start
from services.payments.domain.autopay_decision import Outcome, decide
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold, charge_dates
from tests.payments.builders import make_grounds, rub

RUSSIA = [
    *("Europe/Kaliningrad", "Europe/Moscow", "Europe/Kirov", "Europe/Volgograd", "Europe/Astrakhan"),
    *("Europe/Saratov", "Europe/Ulyanovsk", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk"),
    *("Asia/Barnaul", "Asia/Tomsk", "Asia/Novokuznetsk", "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Chita"),
    *("Asia/Yakutsk", "Asia/Khandyga", "Asia/Vladivostok", "Asia/Ust-Nera", "Asia/Magadan", "Asia/Sakhalin"),
    *("Asia/Srednekolymsk", "Asia/Kamchatka", "Asia/Anadyr"),
]
_MONTHS = 27 * 12


@pytest.mark.parametrize("name", RUSSIA)
def test_every_day_of_a_month_from_2014_to_2040(name: str) -> None:
    zone = ZoneInfo(name)
    since = datetime(2014, 1, 1, 12, tzinfo=zone).astimezone(UTC)

    for day in range(1, 32):
        dates = charge_dates(DayOfMonth(day), rule_id=f"aru_{name}_{day}", time_zone=name, since=since)
        before = datetime.min.replace(tzinfo=UTC)
        for number, coming in enumerate(islice(dates, _MONTHS)):
            year, month = 2014 + number // 12, number % 12 + 1
            local = coming.charge_at.astimezone(zone)
            assert local.date() == coming.local_date == date(year, month, min(day, monthrange(year, month)[1]))
            assert time(8) <= local.time() < time(20)
            assert coming.charge_at > before
            before = coming.charge_at


def test_the_day_on_which_moscow_left_its_summer_for_good_has_25_hours() -> None:
    noon = datetime(2014, 10, 26, 9, tzinfo=UTC)

    began = day_start(noon, time_zone="Europe/Moscow")
    ended = day_start(noon + timedelta(days=1), time_zone="Europe/Moscow")

    assert (began, ended - began) == (datetime(2014, 10, 25, 20, tzinfo=UTC), timedelta(hours=25))
    assert month_start(noon, time_zone="Europe/Moscow") == datetime(2014, 9, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Chita", (2016, 3, 27), 23),
        ("Asia/Novosibirsk", (2016, 7, 24), 23),
        ("Europe/Volgograd", (2020, 12, 27), 25),
    ],
)
def test_days_on_which_a_zone_moved_are_as_long_as_they_were(zone: str, day: tuple[int, int, int], hours: int) -> None:
    noon = datetime(*day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    next_noon = datetime.combine(date(*day) + timedelta(days=1), time(12), ZoneInfo(zone)).astimezone(UTC)

    assert day_start(next_noon, time_zone=zone) - day_start(noon, time_zone=zone) == timedelta(hours=hours)


def test_what_is_about_to_be_sent_counts_for_whichever_day_asks() -> None:
    past = [PastCharge(at=None, amount=rub(3)), PastCharge(at=datetime(2026, 11, 21, 20, tzinfo=UTC), amount=rub(4))]
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)

    filled = filled_at(past, now=now, time_zone="Europe/Moscow")

    assert (filled.today, filled.this_month) == (rub(3), rub(7))
    assert charges_in_a_day(past, now=now) == 2


@pytest.mark.parametrize("seed", range(60))
def test_caps_hold_over_any_local_day_and_month_also_when_the_terms_change(seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice(RUSSIA)
    now = datetime(2014, 10, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(26 * 8766))
    caps, past = _caps(chance), list[PastCharge]()
    largest_day: dict[date, Money] = defaultdict(Money.zero)
    largest_month: dict[date, Money] = defaultdict(Money.zero)
    by_day: dict[date, Money] = defaultdict(Money.zero)
    by_month: dict[date, Money] = defaultdict(Money.zero)

    for _ in range(400):
        now += timedelta(minutes=chance.randrange(600))
        if chance.random() < 0.02:
            caps = _caps(chance)
        today = now.astimezone(ZoneInfo(name)).date()
        month = today.replace(day=1)
        assert caps.per_day is not None and caps.per_month is not None
        largest_day[today] = max(largest_day[today], caps.per_day)
        largest_month[month] = max(largest_month[month], caps.per_month)
        decision = decide(
            make_grounds(
                trigger=Threshold(rub(0)),
                amount=chance.choice([FixedSum(rub(1 + chance.randrange(900))), UpToTarget(rub(500))]),
                caps=caps,
                filled=filled_at(past, now=now, time_zone=name),
                balance=rub(-chance.randrange(900)),
                balance_as_of=now,
                due_at=now,
                time_zone=name,
                now=now,
            )
        )
        if decision.outcome is Outcome.CHARGE and decision.amount is not None:
            past.append(PastCharge(at=now, amount=decision.amount))
            by_day[today] += decision.amount
            by_month[month] += decision.amount

    assert len(past) > 10
    assert all(charged <= largest_day[day] for day, charged in by_day.items())
    assert all(charged <= largest_month[month] for month, charged in by_month.items())


def _caps(chance: random.Random) -> Caps:
    return Caps(
        per_charge=rub(1 + chance.randrange(900)),
        per_day=rub(200 + chance.randrange(900)),
        per_month=rub(3_000 + chance.randrange(9_000)),
    )
