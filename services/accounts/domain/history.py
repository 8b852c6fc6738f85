"""Stretches of an account's history: what is asked for, what a region told, and what nothing is known of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from services.accounts.domain.account_report import HistoryRow
from services.chassis.errors import DomainError, Kind

# Bounds where there is none: every moment of a region lies between them.
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)
# Moments of regions are known to the millisecond; the first one after a moment is that much later.
MOMENT = timedelta(milliseconds=1)


class PeriodInvalid(DomainError):
    """The period that was asked for ends before it begins."""

    reason = "PERIOD_INVALID"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__("The period ends before it begins.")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From its first moment to the first one after it."""

    begins_at: datetime = BEGINNING
    ends_at: datetime = END

    @classmethod
    def asked_for(cls, *, begins_at: datetime | None, ends_at: datetime | None) -> "Span":
        """Return the period between two bounds, None for no bound. Raises `PeriodInvalid`."""
        span = cls(begins_at or BEGINNING, ends_at or END)
        if span.is_empty:
            raise PeriodInvalid
        return span

    @property
    def is_empty(self) -> bool:
        return self.begins_at >= self.ends_at

    def __contains__(self, moment: datetime) -> bool:
        return self.begins_at <= moment < self.ends_at

    def within(self, other: "Span", /) -> "Span":
        """Return what both have in common; empty when that is nothing."""
        return Span(max(self.begins_at, other.begins_at), min(self.ends_at, other.ends_at))


EVER = Span()


@dataclass(frozen=True, slots=True)
class Position:
    """A row by which a page ends."""

    at: datetime
    row_id: str

    @classmethod
    def of(cls, row: HistoryRow, /) -> "Position":
        """Return the position of a row."""
        return cls(row.at, row.row_id)


class GapReason(Enum):
    """Why nothing is known of a stretch."""

    NOT_KEPT = "not_kept"
    REGION_UNAVAILABLE = "region_unavailable"


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """A stretch of which nothing is known: it may have rows, or none, and is shown as neither."""

    span: Span
    reason: GapReason


def without(span: Span, known: Iterable[Span], /) -> Sequence[Span]:
    """Return the parts of a span that none of the known ones covers, newest first."""
    left = [span]
    for cut in known:
        left = [part for whole in left for part in _cut(whole, cut)]
    return sorted((part for part in left if not part.is_empty), reverse=True)


def gaps_of(span: Span, known: Iterable[Span], /, *, kept_from: datetime | None) -> Sequence[HistoryGap]:
    """Return what is not known of a span, newest first: what lies before the region's books, and what was not read."""
    before_books = Span(BEGINNING, kept_from or BEGINNING)
    unread = without(span, [*known, before_books])
    gaps = [HistoryGap(part, GapReason.REGION_UNAVAILABLE) for part in unread]
    never_kept = span.within(before_books)
    return gaps if never_kept.is_empty else [*gaps, HistoryGap(never_kept, GapReason.NOT_KEPT)]


def _cut(whole: Span, cut: Span) -> Iterable[Span]:
    if whole.within(cut).is_empty:
        return [whole]
    return [Span(cut.ends_at, whole.ends_at), Span(whole.begins_at, cut.begins_at)]
