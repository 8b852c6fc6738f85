"""What is seen run by run: opened once, closed, opened again, and kept as it was."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.sightings import SightingMoveIllegal, Sightings, SightingState, sightings_fields, sightings_of

_NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_is_news_when_it_comes_back_and_not_while_it_stays() -> None:
    sightings = Sightings.first(run=1, now=_NOW)

    assert not sightings.again(run=2, now=_NOW + timedelta(hours=1))
    sightings.close(now=_NOW + timedelta(hours=2))
    assert sightings.again(run=4, now=_NOW + timedelta(hours=3))

    assert [step.state for step in sightings.history] == [
        SightingState.OPEN,
        SightingState.CLOSED,
        SightingState.OPEN,
    ]
    assert (sightings.seen_in_run, sightings.opened_at) == (4, _NOW + timedelta(hours=3))


def test_is_closed_once() -> None:
    sightings = Sightings.first(run=1, now=_NOW)
    sightings.close(now=_NOW)

    with pytest.raises(SightingMoveIllegal):
        sightings.close(now=_NOW)


def test_is_read_back_as_it_was_written() -> None:
    sightings = Sightings.first(run=1, now=_NOW)
    sightings.close(now=_NOW)

    assert sightings_of(sightings_fields(sightings)) == sightings
