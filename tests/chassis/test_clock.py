"""The clock of test suites: one file moves every process that reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.clock import ShiftedClock


def ahead(clock: ShiftedClock) -> timedelta:
    """Return how far the clock is ahead of the machine's, to the minute."""
    return timedelta(minutes=round((clock.now() - datetime.now(UTC)) / timedelta(minutes=1)))


def test_without_a_file_it_is_the_machines_clock(tmp_path: Path) -> None:
    assert ahead(ShiftedClock(tmp_path / "clock")) == timedelta(0)


@pytest.mark.parametrize("replaces", [True, False])
def test_follows_the_file_whether_it_is_replaced_or_written_anew(tmp_path: Path, replaces: bool) -> None:
    file, draft = tmp_path / "clock", tmp_path / "draft"
    clock = ShiftedClock(file)
    seen = []

    for hours in (0, 1, 24, -1):
        if replaces:
            draft.write_text(str(hours * 3600))
            draft.replace(file)
        else:
            file.write_text(str(hours * 3600))
        seen.append(ahead(clock))

    assert seen == [timedelta(hours=hours) for hours in (0, 1, 24, -1)]


def test_a_file_that_is_taken_away_or_emptied_is_no_offset_any_more(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = ShiftedClock(file)
    file.write_text("3600")
    before = ahead(clock)

    file.write_text("")
    emptied = ahead(clock)
    file.unlink()

    assert (before, emptied, ahead(clock)) == (timedelta(hours=1), timedelta(0), timedelta(0))
