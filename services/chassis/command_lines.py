"""What operators' commands have in common: a period among the options, and JSON lines for an answer."""

import argparse
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

# The day on which the cabinet opened: nothing of it is older.
_BEGINNING = datetime(2014, 7, 1, tzinfo=ZoneInfo("Europe/Moscow"))


def add_period(command: argparse.ArgumentParser, /) -> None:
    """Add the options of a period, both of which may be left out."""
    command.add_argument("--from", dest="begins_at", type=_moment, default=_BEGINNING, help="2026-11-01T00:00+0300")
    command.add_argument("--until", dest="ends_at", type=_moment, help="no part of the period; without it, now")


def period_of(options: argparse.Namespace, /, *, now: datetime) -> tuple[datetime, datetime]:
    """Return when the period begins and when it ends."""
    return options.begins_at, options.ends_at or now


def print_lines(lines: Iterable[Mapping[str, Any]], /) -> None:
    """Print each as soon as it is there."""
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a moment needs its zone: 2026-11-01T00:00+0300")
    return moment
