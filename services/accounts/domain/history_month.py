"""The aggregate of what is remembered of one month of an account's fees or payments, read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import Page, Row
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import BEGINNING, END, MOMENT, Position, Span, without

# A page is 100 rows at most: what is beyond these limits is no month of an account, and the oldest of it is forgotten.
MOST_ROWS = 5_000
MOST_PIECES = 200
MONTHS_OF_A_READING = 60
# A month that was read again and found unchanged is saved again so that its age is right, but not at every reading.
CONFIRMED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch in which all rows are known, and when the region's books showed it so: `as_of` for the part of it that
    was read first, `read_last` for the one that was read last.

    A page may end amid rows of one moment, which is then known only together with the page that goes on from there: a
    piece down to a row, and one behind that row, are one. Until they are joined neither of them has that moment.
    """

    span: Span
    as_of: datetime
    read_last: datetime
    behind: str = ""
    down_to: str = ""

    def joined(self, lower: "Piece", /) -> "Piece":
        """Return this piece and the one that goes on from its last row as one."""
        return Piece(
            span=Span(lower.span.begins_at, self.span.ends_at),
            as_of=min(self.as_of, lower.as_of),
            read_last=max(self.read_last, lower.read_last),
            behind=self.behind,
            down_to=lower.down_to,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[Row]):
    """A page as a region told it: the rows, and the stretch in which there are no others.

    `after` is the last row of the page that it goes on from, `ends_with` its own last row when another page follows;
    `is_last` says that nothing older is there, of whatever period.
    """

    rows: Sequence[Row]
    covers: Span
    as_of: datetime
    kept_from: datetime | None
    after: Position | None
    ends_with: Position | None
    is_last: bool

    @classmethod
    def of(cls, page: Page[Row], /, *, period: Span, after: Position | None) -> "Reading[Row]":
        """Return what a page of a period says when it goes on from the row `after`, None for the first page.

        It reaches down to its last row when another page follows, to the beginning of period or books otherwise, and up
        to the moment of the books: later rows may come yet.
        """
        latest = max([page.as_of, *(row.at for row in page.rows)])
        top = min(period.ends_at, latest + MOMENT) if after is None else after.at
        ends_with = Position.of(page.rows[-1]) if page.rows and page.next_page_token else None
        kept_from = min([page.kept_from, *(row.at for row in page.rows)]) if page.kept_from else None
        bottom = ends_with.at + MOMENT if ends_with else max(period.begins_at, kept_from or BEGINNING)
        return cls(
            rows=page.rows,
            covers=Span(bottom, top),
            as_of=page.as_of,
            kept_from=kept_from,
            after=after,
            ends_with=ends_with,
            is_last=not page.next_page_token and period.begins_at == BEGINNING,
        )

    @property
    def is_in_order(self) -> bool:
        """Whether the rows come newest first: of any others nothing follows about what lies between them."""
        return all(newer.at >= older.at for newer, older in zip(self.rows, self.rows[1:], strict=False))

    def months(self) -> Sequence[str]:
        """Return the months that it says something about, newest first; that nothing is older says its oldest row's."""
        moments = [*(row.at for row in self.rows), self.covers.ends_at - MOMENT]
        moments += [self.after.at] if self.after else []
        oldest = min(moments) if self.is_last else min(*moments, self.covers.begins_at)
        found = [month_of(max(moments))]
        while found[-1] > month_of(oldest) and len(found) < MONTHS_OF_A_READING:
            found.append(month_of(span_of(found[-1]).begins_at - MOMENT))
        return found

    def piece_in(self, month: str, /) -> Piece:
        """Return the piece of a month; where nothing is older, it reaches back to all the time before."""
        span = span_of(month)
        if self.is_last and self.months()[-1] == month:
            span = Span(BEGINNING, span.ends_at)
        return Piece(
            span=self.covers.within(span),
            as_of=self.as_of,
            read_last=self.as_of,
            behind=self.after.row_id if self.after and self.after.at in span else "",
            down_to=self.ends_with.row_id if self.ends_with and self.ends_with.at in span else "",
        )


@dataclass(slots=True, kw_only=True)
class HistoryMonth(Generic[Row]):
    """One per account, kind and month of UTC. What was read later replaces what was read before, row by row: also by
    nothing, where the region has corrected itself."""

    key: AccountKey
    kind: FigureKind
    month: str
    rows: tuple[Row, ...] = ()
    pieces: tuple[Piece, ...] = ()
    kept_from: datetime | None = None
    version: int = 0

    @property
    def confirmed_at(self) -> datetime:
        """When the part was read that was read first of all that are known."""
        return min((piece.as_of for piece in self.pieces), default=BEGINNING)

    def take(self, reading: Reading[Row], /) -> bool:
        """Take in what a reading says about this month; say whether that is worth saving."""
        before = replace(self)
        newer = [piece for piece in self.pieces if piece.read_last > reading.as_of]
        told = _parts_of(reading.piece_in(self.month), [piece.span for piece in newer])
        self.rows = self._with_rows_of(reading, told=told, newer=newer)
        read_again = [(piece.behind, piece.down_to) for piece in told if piece.span.is_empty]
        older = [
            piece for piece in self.pieces if piece not in newer and (piece.behind, piece.down_to) not in read_again
        ]
        standing = [part for piece in older for part in _parts_of(piece, [piece.span for piece in told])]
        pieces = _joined([*newer, *standing, *told])
        self.pieces = tuple(sorted(pieces, key=lambda piece: piece.span, reverse=True)[:MOST_PIECES])
        self.kept_from = reading.kept_from or self.kept_from
        self._forget_the_oldest()
        return self._differs_from(before)

    def _with_rows_of(self, reading: Reading[Row], *, told: Sequence[Piece], newer: Sequence[Piece]) -> tuple[Row, ...]:
        """Return the known rows that the reading leaves standing, and its own but where something newer is known."""
        month = span_of(self.month)
        kept = [row for row in self.rows if not _lies_in(row, told)]
        own = [row for row in reading.rows if row.at in month and not _lies_in(row, newer)]
        rows = {row.row_id: row for row in [*kept, *own]}
        return tuple(sorted(rows.values(), key=lambda row: row.at, reverse=True))

    def _forget_the_oldest(self) -> None:
        if len(self.rows) <= MOST_ROWS:
            return
        self.rows = self.rows[:MOST_ROWS]
        forgotten = Span(BEGINNING, self.rows[-1].at + MOMENT)
        self.pieces = tuple(part for piece in self.pieces for part in _parts_of(piece, [forgotten]))

    def _differs_from(self, before: "HistoryMonth[Row]") -> bool:
        same = (self.rows, self.kept_from) == (before.rows, before.kept_from) and _alike(self.pieces, before.pieces)
        return not same or self.confirmed_at - before.confirmed_at >= CONFIRMED_EVERY


def month_of(moment: datetime, /) -> str:
    """Return the month of a moment, "2026-10"; in UTC, as months are kept."""
    return f"{moment.year:04}-{moment.month:02}"


def span_of(month: str, /) -> Span:
    """Return the first moment of a month and the first one of the next."""
    year, number = int(month[:4]), int(month[5:])
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) if year < END.year else END
    return Span(datetime(year, number, 1, tzinfo=UTC), following)


def _parts_of(piece: Piece, known: Sequence[Span]) -> Sequence[Piece]:
    """Return what is left of a piece without what is known better. An end that is left keeps what it may be joined at;
    a piece without a stretch is left for that alone."""
    if piece.span.is_empty:
        return [piece] if piece.behind or piece.down_to else []
    return [
        replace(
            piece,
            span=span,
            behind=piece.behind if span.ends_at == piece.span.ends_at else "",
            down_to=piece.down_to if span.begins_at == piece.span.begins_at else "",
        )
        for span in without(piece.span, known)
    ]


def _joined(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Return the pieces with those as one that go on from one another, however many of them hold one moment only."""
    lower_of = {piece.behind: piece for piece in pieces if piece.behind}
    whole: list[Piece] = []
    for upper in (piece for piece in pieces if not piece.behind or not _ends_with(pieces, piece.behind)):
        joined = upper
        while joined.down_to and joined.down_to in lower_of:
            joined = joined.joined(lower_of.pop(joined.down_to))
        whole.append(joined)
    return whole


def _ends_with(pieces: Sequence[Piece], row_id: str) -> bool:
    return any(piece.down_to == row_id for piece in pieces)


def _lies_in(row: Row, pieces: Sequence[Piece]) -> bool:
    return any(row.at in piece.span for piece in pieces)


def _alike(pieces: Sequence[Piece], others: Sequence[Piece]) -> bool:
    """Whether both know the same, however it was put together."""
    ends = ({(piece.behind, piece.down_to) for piece in some} for some in (pieces, others))
    if len({frozenset(some) for some in ends}) > 1:
        return False
    spans, other_spans = ([piece.span for piece in some] for some in (pieces, others))
    return not any(without(span, other_spans) for span in spans) and not any(
        without(span, spans) for span in other_spans
    )
