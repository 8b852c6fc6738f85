"""When a mail that was not taken is tried again: quickly at first, then hourly, over 24 hours."""

from datetime import datetime, timedelta

TRIED_FOR = timedelta(hours=24)
PAUSE_WITHOUT_TRY = timedelta(seconds=15)
_PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
_LAST_PAUSE = timedelta(hours=1)


def next_try(*, first_due_at: datetime, tries: int, now: datetime) -> datetime | None:
    """Return when to try again after `tries` tries in vain; None when 24 hours have passed since the first was due."""
    pause = _PAUSES[tries - 1] if tries <= len(_PAUSES) else _LAST_PAUSE
    at = now + pause
    return at if at <= first_due_at + TRIED_FOR else None
