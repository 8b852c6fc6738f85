"""An account's fees and payments as pages: the month that is chosen, and rows and gaps in one line of time."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from flask import request
from pydantic import StringConstraints

from gateway.bodies.accounts import HistoryPage
from gateway.bodies.fields import Query
from gateway.cabinet.pages import typed, words
from gateway.cabinet.words import zone_of
from gateway.views.accounts import HistoryGapView

_MONTHS_OFFERED = 24


class Month(Query):
    """The month that the address names; empty for all time."""

    month: Annotated[str, StringConstraints(pattern=r"^((19|20)\d\d-(0[1-9]|1[0-2]))?$")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthChoice:
    """What the form offers, and what is chosen; `address` is the part of the address that keeps the choice."""

    chosen: str
    offered: Sequence[str]
    address: str


def chosen_month() -> str:
    """Return the month that the address at hand names. Raises `FieldsInvalid`."""
    return typed(Month, {"month": request.args.get("month", "")}).month


def page_of(month: str, /) -> HistoryPage:
    """Return which rows the address at hand asks for. Raises `FieldsInvalid`."""
    first, last = _days_of(month) if month else (None, None)
    return typed(HistoryPage, {"from": first, "until": last, "page_token": request.args.get("page_token", "")})


def month_choice(chosen: str, /, *, zone: str) -> MonthChoice:
    """Return the last two years in a zone's calendar, and the chosen month when it is older."""
    offered = list(_months_back(words().now.astimezone(zone_of(zone)).date()))
    if chosen and chosen not in offered:
        offered.append(chosen)
    return MonthChoice(chosen=chosen, offered=offered, address=f"month={chosen}&" if chosen else "")


def timeline(
    rows: Sequence[Mapping[str, Any]], gaps: Sequence[HistoryGapView], /, *, at: str
) -> list[Mapping[str, Any]]:
    """Return rows and gaps newest first, each as `{"row": ...}` or `{"gap": ...}`; `at` names the moment of a row."""
    dated = [(datetime.fromisoformat(row[at]), 1, {"row": row}) for row in rows]
    dated += [(datetime.fromisoformat(gap["ends_at"]), 0, {"gap": gap}) for gap in gaps]
    return [entry for _, _, entry in sorted(dated, key=lambda found: found[:2], reverse=True)]


def _days_of(month: str) -> tuple[str, str]:
    year, number = int(month[:4]), int(month[5:])
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]:02}"


def _months_back(day: date) -> Iterator[str]:
    year, month = day.year, day.month
    for _ in range(_MONTHS_OFFERED):
        yield f"{year:04}-{month:02}"
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
