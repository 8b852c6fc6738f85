"""Options and answers that the commands of operators share."""

import argparse
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.command_lines import add_period, period_of, print_lines

_NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def _period(*arguments: str) -> tuple[datetime, datetime]:
    parser = argparse.ArgumentParser()
    add_period(parser)
    return period_of(parser.parse_args(arguments), now=_NOW)


def test_a_period_without_bounds_is_everything_up_to_now() -> None:
    begins_at, ends_at = _period()

    assert begins_at.isoformat() == "2014-07-01T00:00:00+04:00"
    assert ends_at == _NOW


def test_a_period_has_the_bounds_that_are_given() -> None:
    begins_at, ends_at = _period("--from", "2026-11-01T00:00+0300", "--until", "2026-11-02T00:00+0300")

    assert (begins_at, ends_at - begins_at) == (datetime(2026, 10, 31, 21, tzinfo=UTC), timedelta(days=1))


def test_a_moment_without_a_zone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _period("--from", "2026-11-01T00:00")

    assert "a moment needs its zone" in capsys.readouterr().err


def test_lines_are_json_in_their_own_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines([{"note": "возврат"}, {"sum_minor": 1}])

    assert capsys.readouterr().out == '{"note": "возврат"}\n{"sum_minor": 1}\n'
