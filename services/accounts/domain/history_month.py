"""The aggregate of what is remembered of one month of an account's fees or payments, read page by page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import Page, Row
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import BEGINNING, END, MOMENT, Position, Span, without

# A page is 100 rows at most: what is beyond these limits is no month of an account, and the oldest of it is forgotten.
MOST_ROWS = 5_000
MOST_PIECES = 200  # and shares
MONTHS_OF_A_READING = 240  # twenty years: of what a page tells beyond them nothing is remembered, so that it is a gap
# A month that was read again and found unchanged is saved again so that its age is right, but not at every reading.
CONFIRMED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch in which all rows are known, and when the region's books showed it so: `as_of` for the part of it that
    was read first, `read_last` for the one that was read last."""

    span: Span
    as_of: datetime
    read_last: datetime

    def joined(self, other: "Piece", /) -> "Piece":
        """Return this piece and one that it touches as one."""
        return Piece(
            span=Span(min(self.span.begins_at, other.span.begins_at), max(self.span.ends_at, other.span.ends_at)),
            as_of=min(self.as_of, other.as_of),
            read_last=max(self.read_last, other.read_last),
        )

    def was_read_with(self, share: "Share", /) -> bool:
        """Whether the share may be of a page that this piece is made of."""
        return self.as_of <= share.as_of <= self.read_last


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a page shows of a moment that it has in common with the page before or behind it: the rows from behind one
    down to another, "" where it shows the moment from its first row on, and to its last one."""

    at: datetime
    behind: str
    down_to: str
    row_ids: tuple[str, ...]
    as_of: datetime


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
        found = [month_of(max(self._moments()))]
        while found[-1] > self._oldest_month() and len(found) < MONTHS_OF_A_READING:
            found.append(month_of(span_of(found[-1]).begins_at - MOMENT))
        return found

    def _moments(self) -> Sequence[datetime]:
        moments = [*(row.at for row in self.rows), self.covers.ends_at - MOMENT]
        return [*moments, self.after.at] if self.after else moments

    def _oldest_month(self) -> str:
        return month_of(min(self._moments()) if self.is_last else min(*self._moments(), self.covers.begins_at))

    def stretch_in(self, month: str, /) -> Span:
        """Return what it covers of a month, with all the time before where nothing is older; empty for nothing."""
        span = span_of(month)
        if self.is_last and month == self._oldest_month():
            span = Span(BEGINNING, span.ends_at)
        return self.covers.within(span)

    def shares_in(self, month: str, /) -> Sequence[Share]:
        """Return what it shows of the moments of a month that it has in common with its neighbours."""
        ends = [end for end in (self.after, self.ends_with) if end and end.at in span_of(month)]
        return [
            Share(
                at=at,
                behind=self.after.row_id if self.after and self.after.at == at else "",
                down_to=self.ends_with.row_id if self.ends_with and self.ends_with.at == at else "",
                row_ids=tuple(row.row_id for row in self.rows if row.at == at),
                as_of=self.as_of,
            )
            for at in dict.fromkeys(end.at for end in ends)
        ]


@dataclass(slots=True, kw_only=True)
class HistoryMonth(Generic[Row]):
    """One per account, kind and month of UTC, under the number that the account had when it was read: `held_since` is
    when that number came to it, None for always. What was read later replaces what was read before, row by row: also by
    nothing, where the region has corrected itself.

    A page may end amid rows of one moment. Such a moment is known when its shares lead from its first row to its last,
    each going on from where another ended, in whatever order they were read.
    """

    key: AccountKey
    kind: FigureKind
    month: str
    held_since: datetime | None = None
    rows: tuple[Row, ...] = ()
    pieces: tuple[Piece, ...] = ()
    shares: tuple[Share, ...] = ()
    kept_from: datetime | None = None
    version: int = 0

    @property
    def confirmed_at(self) -> datetime:
        """When the part was read that was read first of all that are known."""
        return min((piece.as_of for piece in self.pieces), default=BEGINNING)

    @property
    def read_last(self) -> datetime:
        """When the part was read that was read last."""
        read = [*(piece.read_last for piece in self.pieces), *(share.as_of for share in self.shares)]
        return max(read, default=BEGINNING)

    def take(self, reading: Reading[Row], /) -> bool:
        """Take in what a reading says about this month; say whether that is worth saving."""
        before = replace(self)
        newer = [piece.span for piece in self.pieces if piece.read_last > reading.as_of]
        told = without(reading.stretch_in(self.month), newer)
        shares = [share for share in reading.shares_in(self.month) if not _lies_in(share.at, newer)]
        self.rows = self._with_rows_of(reading, told=told, newer=newer)
        self.pieces = (
            *self._pieces_without(told),
            *(Piece(span=span, as_of=reading.as_of, read_last=reading.as_of) for span in told),
        )
        self.shares = _latest(share for share in [*self.shares, *shares] if not _lies_in(share.at, told))
        for share in shares:
            self._close(share.at)
        self.kept_from = reading.kept_from or self.kept_from
        self._forget_the_oldest()
        return self._differs_from(before)

    def outside_of(self, spans: Sequence[Span], /) -> "HistoryMonth[Row]":
        """Return what is known of the month but for those stretches."""
        rows = tuple(row for row in self.rows if not _lies_in(row.at, spans))
        return replace(self, rows=rows, pieces=tuple(self._pieces_without(spans)))

    def joined(self, earlier: "HistoryMonth[Row]", /) -> "HistoryMonth[Row]":
        """Return the month with what was read of it under an earlier number in other stretches."""
        rows = {row.row_id: row for row in [*earlier.rows, *self.rows]}
        return replace(
            self,
            rows=_in_order(rows.values()),
            pieces=(*self.pieces, *earlier.pieces),
            kept_from=self.kept_from or earlier.kept_from,
        )

    def _with_rows_of(self, reading: Reading[Row], *, told: Sequence[Span], newer: Sequence[Span]) -> tuple[Row, ...]:
        """Return the known rows that the reading leaves standing, and its own but where something newer is known."""
        month = span_of(self.month)
        kept = [row for row in self.rows if not _lies_in(row.at, told)]
        own = [row for row in reading.rows if row.at in month and not _lies_in(row.at, newer)]
        return _in_order({row.row_id: row for row in [*kept, *own]}.values())

    def _close(self, at: datetime) -> None:
        """Make a moment known whose shares lead from its first row to its last, as one piece with those around it that
        were read with them."""
        way = _way([share for share in self.shares if share.at == at])
        if not way:
            return
        here = {row.row_id: row for row in self.rows if row.at == at}
        shown = [here[row_id] for share in way for row_id in share.row_ids if row_id in here]
        self.rows = _in_order([*(row for row in self.rows if row.at != at), *shown])
        self.shares = tuple(share for share in self.shares if share.at != at)

        moment = Span(at, at + MOMENT)
        read = [share.as_of for share in way]
        whole = Piece(span=moment, as_of=min(read), read_last=max(read))
        apart = []
        for piece in self._pieces_without([moment]):
            above = piece.span.begins_at == moment.ends_at and piece.was_read_with(way[0])
            below = piece.span.ends_at == moment.begins_at and piece.was_read_with(way[-1])
            if above or below:
                whole = whole.joined(piece)
            else:
                apart.append(piece)
        self.pieces = (*apart, whole)

    def _forget_the_oldest(self) -> None:
        self.pieces = tuple(sorted(self.pieces, key=lambda piece: piece.span, reverse=True)[:MOST_PIECES])
        if len(self.rows) <= MOST_ROWS:
            return
        self.rows = self.rows[:MOST_ROWS]
        forgotten = Span(BEGINNING, self.rows[-1].at + MOMENT)
        self.pieces = tuple(self._pieces_without([forgotten]))
        self.shares = tuple(share for share in self.shares if share.at not in forgotten)

    def _pieces_without(self, spans: Sequence[Span]) -> Sequence[Piece]:
        return [replace(piece, span=span) for piece in self.pieces for span in without(piece.span, spans)]

    def _differs_from(self, before: "HistoryMonth[Row]") -> bool:
        same = (self.rows, self.kept_from) == (before.rows, before.kept_from) and _alike(self, before)
        return not same or self.confirmed_at - before.confirmed_at >= CONFIRMED_EVERY


def month_of(moment: datetime, /) -> str:
    """Return the month of a moment, "2026-10"; in UTC, as months are kept."""
    return f"{moment.year:04}-{moment.month:02}"


def span_of(month: str, /) -> Span:
    """Return the first moment of a month and the first one of the next."""
    year, number = int(month[:4]), int(month[5:])
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) if year < END.year else END
    return Span(datetime(year, number, 1, tzinfo=UTC), following)


def _latest(shares: Iterable[Share]) -> tuple[Share, ...]:
    """Return the shares, those of the same rows once, the last read first, and no more of them than are kept."""
    last_read = {_ends_of(share): share for share in sorted(shares, key=lambda share: share.as_of)}
    return tuple(sorted(last_read.values(), key=lambda share: share.as_of, reverse=True)[:MOST_PIECES])


def _way(shares: Sequence[Share]) -> Sequence[Share]:
    """Return the shares of a moment that lead from its first row to its last; none when there is no such way."""
    ways: dict[str, Sequence[Share]] = {"": ()}
    left = list(shares)
    while going_on := [share for share in left if share.behind in ways]:
        for share in going_on:
            way = (*ways[share.behind], share)
            if not share.down_to:
                return way
            ways.setdefault(share.down_to, way)
            left.remove(share)
    return ()


def _ends_of(share: Share) -> tuple[datetime, str, str]:
    return share.at, share.behind, share.down_to


def _in_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def _lies_in(moment: datetime, spans: Sequence[Span]) -> bool:
    return any(moment in span for span in spans)


def _alike(some: HistoryMonth[Row], others: HistoryMonth[Row]) -> bool:
    """Whether both know the same, however it was put together."""
    spans, other_spans = ([piece.span for piece in month.pieces] for month in (some, others))
    return (
        {_ends_of(share) for share in some.shares} == {_ends_of(share) for share in others.shares}
        and not any(without(span, other_spans) for span in spans)
        and not any(without(span, spans) for span in other_spans)
    )
