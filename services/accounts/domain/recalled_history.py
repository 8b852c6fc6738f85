"""A page of a history from what is remembered of it, while its region cannot be asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from heapq import merge
from itertools import groupby, repeat
from typing import Generic

from services.accounts.domain.account_report import Row
from services.accounts.domain.history import MOMENT, HistoryGap, Position, Span, gaps_of
from services.accounts.domain.history_month import HistoryMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledPage(Generic[Row]):
    """Rows, newest first, and what nothing is known of between and behind them. `as_of` is when the part of it that was
    read first was read, None when nothing of it is known."""

    rows: Sequence[Row]
    gaps: Sequence[HistoryGap]
    as_of: datetime | None
    more: bool


def recall(
    months: Iterable[HistoryMonth[Row]], /, *, period: Span, after: Position | None, size: int, now: datetime
) -> RecalledPage[Row]:
    """Return the page behind a position; `months` come newest first, and no more of them are taken than needed.

    The pages of a period share no moment, so that a gap stands on one of them.
    """
    asked = Span(period.begins_at, after.at + MOMENT if after is not None else min(period.ends_at, now))
    seen: list[HistoryMonth[Row]] = []
    rows: list[Row] = []
    for month in months:
        seen.append(month)
        rows += _behind([row for row in month.rows if row.at in asked], after)
        if len(rows) > size:
            break
    more = len(rows) > size
    del rows[size:]
    shown = Span(rows[-1].at + MOMENT, asked.ends_at) if more else asked
    pieces = [piece for month in seen for piece in month.pieces if not piece.span.within(shown).is_empty]
    kept_from = max((month.kept_from for month in seen if month.kept_from), default=None)
    # Rows of one moment that is not known in full have no piece: they were read when they were there, or later.
    moments = [piece.as_of for piece in pieces] or [row.at for row in rows[:1]]
    return RecalledPage(
        rows=rows,
        gaps=gaps_of(shown, [piece.span for piece in pieces], kept_from=kept_from),
        as_of=min(moments, default=None),
        more=more,
    )


def as_one(histories: Sequence[Iterable[HistoryMonth[Row]]], /) -> Iterable[HistoryMonth[Row]]:
    """Return what was remembered of an account under each of its numbers as one history. Each comes newest first, and
    so does the whole; the present number's stands first, and what was read under a later number counts."""
    return reduce(_going_on, histories)


def _going_on(later: Iterable[HistoryMonth[Row]], earlier: Iterable[HistoryMonth[Row]]) -> Iterator[HistoryMonth[Row]]:
    told: list[Span] = []
    both = merge(zip(repeat(True), later), zip(repeat(False), earlier), key=_month_name, reverse=True)
    for _, same in groupby(both, key=_month_name):
        month: HistoryMonth[Row] | None = None
        for is_later, found in same:  # the later one comes first
            if is_later:
                told += [piece.span for piece in found.pieces]
            left = found if is_later else found.outside_of(told)
            month = left if month is None else month.joined(left)
        if month is not None:
            yield month


def _month_name(found: tuple[bool, HistoryMonth[Row]]) -> str:
    return found[1].month


def _behind(rows: Sequence[Row], after: Position | None) -> Sequence[Row]:
    """Return the rows that come behind a position; those of its very moment stand in their order."""
    ids = [row.row_id for row in rows]
    if after is None or after.row_id not in ids:
        return rows
    return rows[ids.index(after.row_id) + 1 :]
