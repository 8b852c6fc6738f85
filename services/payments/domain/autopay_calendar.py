"""Past automatic charges counted in the calendar of the account's region: what caps and the limit of a day go by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.money import Money
from services.payments.domain.autopay_amount import Filled

A_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCharge:
    """An automatic charge that was or may have been taken, and when it was sent; None for one that is about to be: it
    belongs to whichever day asks."""

    at: datetime | None
    amount: Money


def day_start(now: datetime, *, time_zone: str) -> datetime:
    """Return when the local day of `now` began, in UTC. A day on which a zone changes is as long as it is."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def month_start(now: datetime, *, time_zone: str) -> datetime:
    """Return when the local month of `now` began, in UTC."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date().replace(day=1), time.min, zone).astimezone(UTC)


def counted_since(now: datetime, *, time_zone: str) -> datetime:
    """Return how far back charges count for a decision at `now`: through the local month, and 24 h at least."""
    return min(month_start(now, time_zone=time_zone), now - A_DAY)


def filled_at(past: Sequence[PastCharge], /, *, now: datetime, time_zone: str) -> Filled:
    """Return what was charged in the local day and month of `now`."""
    if not past:
        return Filled(today=Money.zero(), this_month=Money.zero())
    today, this_month = day_start(now, time_zone=time_zone), month_start(now, time_zone=time_zone)
    return Filled(
        today=_total(charge.amount for charge in past if charge.at is None or charge.at >= today),
        this_month=_total(charge.amount for charge in past if charge.at is None or charge.at >= this_month),
    )


def charges_in_a_day(past: Sequence[PastCharge], /, *, now: datetime) -> int:
    """Return how many charges lie within 24 h before `now`."""
    return sum(charge.at is None or charge.at > now - A_DAY for charge in past)


def _total(sums: Iterable[Money]) -> Money:
    return sum(sums, start=Money.zero())
