"""The time as the sandbox programs tell it: one file moves it together with the rest of a local suite."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """The machine's clock plus the offset in seconds that `CLOCK_FILE` holds, read anew each time.

    The same file moves every process of a suite, so that a saved card, an expiry and an autopay rule all see one day.
    """

    def __init__(self, clock_file: Path | None, /) -> None:
        self._clock_file = clock_file

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC, to the millisecond."""
        moment = datetime.now(UTC) + timedelta(seconds=self._offset_s())
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _offset_s(self) -> int:
        if self._clock_file is None:
            return 0
        try:
            return int(self._clock_file.read_text() or "0")
        except FileNotFoundError:
            return 0
