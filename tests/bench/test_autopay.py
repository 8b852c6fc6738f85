"""The day on which rules fall due at once lies ahead, and all of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.payments.domain.autopay_trigger import DayOfMonth, next_charge
from tests.bench.autopay import next_morning

_ZONE = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("hour", range(24))
def test_rules_made_on_the_next_morning_have_their_date_on_that_very_day(hour: int) -> None:
    now = datetime(2026, 12, 31, hour, 40, tzinfo=UTC)

    morning = next_morning(now)

    assert now < morning <= now + timedelta(days=1)
    for number in range(50):
        trigger = DayOfMonth(morning.day)
        coming = next_charge(trigger, rule_id=f"aru_{number}", time_zone=_ZONE.key, after=morning.astimezone(UTC))
        assert morning < coming.charge_at < datetime.combine(morning.date(), time(20), _ZONE)
