"""A clock that a test moves."""

from datetime import datetime, timedelta


class FakeClock:
    """Stands still until advanced."""

    def __init__(self, now: datetime, /) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, span: timedelta, /) -> None:
        self._now += span
