"""The one place that reads the time; use cases are given a `Clock`, the domain is given a `now`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Whatever can say what time it is."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC, to the millisecond that MongoDB keeps."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))


class ShiftedClock:
    """The machine's clock plus an offset that a file holds in seconds, read anew whenever the file was replaced.

    For test and local suites only: one file moves every process of the suite to another day at once. A file that is
    missing or empty is an offset of zero.
    """

    def __init__(self, path: Path, /) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], int] | None = None

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC) + timedelta(seconds=self._offset_s()))

    def _offset_s(self) -> int:
        try:
            file = self._path.stat()
            written = file.st_ino, file.st_mtime_ns, file.st_size
            if self._read is None or self._read[0] != written:
                self._read = written, int(self._path.read_text() or "0")
            return self._read[1]
        except FileNotFoundError:
            return 0


def to_milliseconds(moment: datetime, /) -> datetime:
    """Cut a moment to whole milliseconds, so that what is saved equals what was in memory."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def build_clock(clock_file: Path | None, /) -> Clock:
    """Return the shifted clock when a file is given, the machine's own otherwise."""
    return ShiftedClock(clock_file) if clock_file else SystemClock()
