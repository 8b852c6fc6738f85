"""When a rule charges: the three triggers, and the calendar of the account's region for two of them (F20)."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money

OPENS = time(8)
CLOSES = time(20)
_WINDOW_MINUTES = 12 * 60
_LAST_DAY = 31


class DayOutOfRange(DomainError):
    """A day of a month is 1 to 31."""

    reason = "DAY_OUT_OF_RANGE"
    kind = Kind.INVALID


class ThresholdMissing(DomainError):
    """A threshold trigger says which balance it waits for."""

    reason = "THRESHOLD_MISSING"
    kind = Kind.INVALID


class TriggerMissing(DomainError):
    """A rule has exactly one trigger."""

    reason = "TRIGGER_MISSING"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class FirstOfMonth:
    """On the 1st of each month."""

    day: int = 1


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """On a given day of each month; on the last day where a month is shorter, and back to the day after it."""

    day: int

    def __post_init__(self) -> None:
        if not 1 <= self.day <= _LAST_DAY:
            raise DayOutOfRange(f"{self.day} is no day of a month.", day=str(self.day))


@dataclass(frozen=True, slots=True)
class Threshold:
    """When the balance reaches the stated minimum (<=)."""

    minimum_balance: Money


DateTrigger = FirstOfMonth | DayOfMonth
Trigger = DateTrigger | Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDate:
    """One date of a date trigger: the month that it is for, the day in the region's calendar, and the moment."""

    period: str
    local_date: date
    charge_at: datetime


def next_charge(
    trigger: DateTrigger, *, rule_id: str, time_zone: str, after: datetime, last_period: str = ""
) -> ChargeDate:
    """Return the first date later than `after`, of a month later than `last_period` ("2026-11")."""
    for candidate in charge_dates(trigger, rule_id=rule_id, time_zone=time_zone, since=after):
        if candidate.charge_at > after and candidate.period > last_period:
            return candidate
    raise AssertionError("months do not end")


def charge_dates(trigger: DateTrigger, *, rule_id: str, time_zone: str, since: datetime) -> Iterator[ChargeDate]:
    """Yield the dates from the month of `since` on, one each month, without end."""
    zone = ZoneInfo(time_zone)
    local = since.astimezone(zone)
    year, month = local.year, local.month
    while True:
        day = date(year, month, min(trigger.day, monthrange(year, month)[1]))
        moment = datetime.combine(day, OPENS, zone) + timedelta(minutes=minute_of(rule_id))
        yield ChargeDate(period=f"{year:04}-{month:02}", local_date=day, charge_at=moment.astimezone(UTC))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


@lru_cache(maxsize=10_000)
def minute_of(rule_id: str, /) -> int:
    """Return a rule's own minute after 08:00, so that a region's rules spread over its day instead of striking at
    once."""
    return int.from_bytes(sha256(rule_id.encode()).digest()[:8], "big") % _WINDOW_MINUTES


def opening_after(now: datetime, *, time_zone: str) -> datetime | None:
    """Return when charging by date may go on: None for now, else the next 08:00 in the region."""
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return None
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, zone).astimezone(UTC)
