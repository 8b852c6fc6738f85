"""What is remembered of a history: whatever was read in whatever order, a row is shown once or lies in a gap."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.application.remember_history import RememberHistory
from services.accounts.domain.account_report import Charge, Page
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import (
    BEGINNING,
    EVER,
    MOMENT,
    GapReason,
    HistoryGap,
    PeriodInvalid,
    Position,
    Span,
    gaps_of,
    without,
)
from services.accounts.domain.history_month import (
    MONTHS_OF_A_READING,
    MOST_ROWS,
    HistoryMonth,
    Reading,
    month_of,
    span_of,
)
from services.accounts.domain.recalled_history import RecalledPage, recall
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY
from tests.accounts.fakes import FakeHistory

_CHARGES = FigureKind.CHARGES


def _row(number: int, at: datetime) -> Charge:
    return Charge(charge_id=f"fee-{number}", description="Абонентская плата", amount=Money(750_00), charged_at=at)


class Books:
    """A region's books: rows newest first, shown in pages, with what a page's token would hold."""

    def __init__(self, rows: Sequence[Charge], *, kept_from: datetime | None = None) -> None:
        self.rows = sorted(rows, key=lambda row: row.at, reverse=True)
        self.kept_from = kept_from
        self.as_of = A_MORNING

    def readings(self, *, size: int, period: Span = EVER) -> Sequence[Reading[Charge]]:
        """Return all pages of a period."""
        rows = [row for row in self.rows if row.at in period]
        parts = [rows[begin : begin + size] for begin in range(0, len(rows), size)] or [[]]
        readings, after = [], None
        for number, part in enumerate(parts, start=1):
            page = Page(
                rows=tuple(part),
                next_page_token="more" if number < len(parts) else "",
                as_of=self.as_of,
                kept_from=self.kept_from,
            )
            readings.append(Reading.of(page, period=period, after=after))
            after = Position.of(part[-1]) if part else None
        return readings


def _recalled(history: FakeHistory, *, period: Span = EVER, size: int = 20) -> Sequence[RecalledPage[Charge]]:
    pages: list[RecalledPage[Charge]] = []
    after = None
    while not pages or pages[-1].more:
        months = history.months(KEY, _CHARGES, period, held_since=None)
        pages.append(recall(months, period=period, after=after, size=size, now=A_MORNING))
        after = Position.of(pages[-1].rows[-1]) if pages[-1].rows else None
    return pages


def _remembered(*readings: Reading[Charge]) -> FakeHistory:
    history = FakeHistory()
    for reading in readings:
        RememberHistory(history=history)(KEY, _CHARGES, reading, held_since=None)
    return history


def _ids(pages: Sequence[RecalledPage[Charge]]) -> list[str]:
    return [row.row_id for page in pages for row in page.rows]


def _gaps(pages: Sequence[RecalledPage[Charge]]) -> list[HistoryGap]:
    return [gap for page in pages for gap in page.gaps]


# Days rather than hours now and then, so that many rows share a moment.
_HOURS = st.one_of(st.integers(0, 90 * 24), st.integers(0, 9).map(lambda days: days * 240))
_MOMENTS = _HOURS.map(lambda hours: A_MORNING - timedelta(hours=hours))
_BOOKS = st.lists(_MOMENTS, max_size=30).map(lambda moments: Books([_row(n, at) for n, at in enumerate(moments)]))
_PERIODS = st.tuples(_MOMENTS, _MOMENTS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Span(*sorted(pair)))


@given(_BOOKS, st.integers(1, 7), st.integers(1, 7), st.data())
def test_every_row_of_the_books_is_shown_once_or_lies_in_a_gap(
    books: Books, size: int, other_size: int, data: st.DataObject
) -> None:
    told = [*books.readings(size=size), *books.readings(size=other_size)]
    read = data.draw(st.lists(st.sampled_from(told), unique_by=id))
    period = data.draw(st.one_of(st.just(EVER), _PERIODS))

    pages = _recalled(_remembered(*read), period=period, size=data.draw(st.integers(1, 9)))

    shown, gaps = _ids(pages), _gaps(pages)
    due = [row for row in books.rows if row.at in period and row.at < A_MORNING]
    assert len(shown) == len(set(shown))
    assert set(shown) <= {row.row_id for row in due}
    lost = [row for row in due if row.row_id not in shown and not any(row.at in gap.span for gap in gaps)]
    assert lost == []


@given(_BOOKS, st.integers(1, 7), st.integers(1, 9), st.randoms())
def test_what_was_read_in_full_is_shown_in_full_and_in_order(books: Books, size: int, shown: int, chance: Any) -> None:
    told = list(books.readings(size=size)) * 2
    chance.shuffle(told)

    pages = _recalled(_remembered(*told), size=shown)

    assert [row.at for page in pages for row in page.rows] == [row.at for row in books.rows if row.at < A_MORNING]
    assert _gaps(pages) == []


def test_a_page_read_again_by_itself_forgets_nothing_of_the_moment_that_it_ends_in() -> None:
    at = [A_MORNING - timedelta(hours=hours) for hours in (0, 2, 2, 3)]
    first, second, third, last = Books([_row(n, moment) for n, moment in enumerate(at)]).readings(size=1)

    assert _gaps(_recalled(_remembered(first, second, third, second, last))) == []


def test_a_moment_that_two_pages_share_is_known_as_of_its_last_reading_and_without_what_was_taken_back() -> None:
    rows = [_row(number, A_MORNING - timedelta(hours=1)) for number in range(4)]
    before, after = Books(rows), Books([rows[0], *rows[2:]])
    after.as_of = A_MORNING + timedelta(minutes=1)

    history = _remembered(*before.readings(size=2), *after.readings(size=2))
    (page,) = _recalled(history)
    half_read = _remembered(*before.readings(size=2), after.readings(size=2)[0])

    assert (_ids([page]), page.as_of) == (["fee-0", "fee-2", "fee-3"], after.as_of)
    assert sorted(_ids(_recalled(half_read))) == ["fee-0", "fee-1", "fee-2", "fee-3"]
    assert _gaps(_recalled(half_read)) == _gaps([page]) == []


def test_what_was_read_again_is_no_older_for_what_it_lies_beside() -> None:
    rows = [_row(number, A_MORNING - timedelta(hours=hours)) for number, hours in enumerate((1, 2, 2, 3))]
    before, after = Books(rows), Books(rows)
    after.as_of = A_MORNING + timedelta(minutes=1)
    from_the_shared_moment_on = Span(BEGINNING, rows[1].at + MOMENT)

    history = _remembered(*before.readings(size=1), *after.readings(size=1, period=from_the_shared_moment_on))

    assert [page.as_of for page in _recalled(history, period=from_the_shared_moment_on)] == [after.as_of]
    assert [page.as_of for page in _recalled(history)] == [before.as_of]


@given(_BOOKS, st.sets(st.integers(0, 29)), st.integers(1, 7), st.integers(1, 7), st.data())
def test_a_stretch_holds_what_the_books_held_when_it_says_that_they_were_read(
    before: Books, taken_back: set[int], size: int, later_size: int, data: st.DataObject
) -> None:
    later = Books([row for number, row in enumerate(before.rows) if number not in taken_back])
    later.as_of = A_MORNING + timedelta(minutes=1)
    told = [*before.readings(size=size), *later.readings(size=later_size)]
    read = data.draw(st.lists(st.sampled_from(told), unique_by=id))

    history = _remembered(*read)

    for month in history.months(KEY, _CHARGES, EVER, held_since=None):
        for piece in month.pieces:
            shown, held, still_held = (
                {row.row_id for row in rows if row.at in piece.span} for rows in (month.rows, before.rows, later.rows)
            )
            assert still_held <= shown <= held
            if piece.as_of == later.as_of:
                assert shown == still_held


@given(_BOOKS, st.integers(1, 7), st.integers(1, 7))
def test_what_was_read_later_stands_whatever_older_comes_in_after_it(before: Books, size: int, later_size: int) -> None:
    later = Books([*before.rows[:-1:2], *before.rows[-1:]])  # what is older than its oldest row, no month says
    later.as_of = A_MORNING + timedelta(minutes=1)

    history = _remembered(*later.readings(size=later_size), *before.readings(size=size))
    (page,) = _recalled(history, size=30)

    assert set(_ids([page])) == {row.row_id for row in later.rows if row.at < A_MORNING}
    assert (page.as_of, page.gaps) == (later.as_of, [])


@given(_BOOKS, st.integers(1, 7), st.integers(1, 7), st.randoms())
def test_pages_of_one_size_read_in_any_order_take_nothing_from_what_pages_of_another_told(
    books: Books, size: int, other_size: int, chance: Any
) -> None:
    told = [*books.readings(size=size), *books.readings(size=other_size)]
    chance.shuffle(told)

    pages = _recalled(_remembered(*told))

    assert [row.at for page in pages for row in page.rows] == [row.at for row in books.rows if row.at < A_MORNING]
    assert _gaps(pages) == []


@given(_BOOKS, _PERIODS)
def test_gaps_and_what_is_known_make_up_the_period(books: Books, period: Span) -> None:
    known = [reading.covers for reading in books.readings(size=3) if not reading.covers.is_empty][::2]

    gaps = [gap.span for gap in gaps_of(period, known, kept_from=None)]

    assert without(period, [*known, *gaps]) == []
    assert all(gap.within(span).is_empty for gap in gaps for span in known)


def test_a_month_of_a_thousand_rows_is_remembered_and_shown_page_by_page() -> None:
    rows = [_row(number, A_MORNING - timedelta(minutes=number)) for number in range(1000)]

    history = _remembered(*Books(rows).readings(size=4))
    pages = _recalled(history, size=100)

    assert _ids(pages) == [row.row_id for row in rows if row.at < A_MORNING]
    assert _gaps(pages) == []
    assert list(history.shelf.kept) == ["54:5400200001:charges:2026-11"]


def test_forgets_the_oldest_rows_of_a_month_that_is_none_and_calls_them_unknown() -> None:
    rows = [_row(number, A_MORNING - timedelta(minutes=1 + number)) for number in range(MOST_ROWS + 10)]

    pages = _recalled(_remembered(*Books(rows).readings(size=MOST_ROWS * 2)), size=MOST_ROWS * 2)

    assert len(_ids(pages)) == MOST_ROWS
    (gap,) = _gaps(pages)
    assert rows[MOST_ROWS].at in gap.span


def test_what_the_region_has_corrected_replaces_what_was_read_before() -> None:
    rows = [_row(number, A_MORNING - timedelta(days=1 + number)) for number in range(3)]
    before, after = Books(rows), Books([rows[0], rows[2]])
    after.as_of = A_MORNING + timedelta(minutes=1)

    history = _remembered(*before.readings(size=20), *after.readings(size=20))
    overtaken = _remembered(*after.readings(size=20), *before.readings(size=20))

    assert _ids(_recalled(history)) == _ids(_recalled(overtaken)) == ["fee-0", "fee-2"]


def test_a_region_that_takes_back_its_oldest_rows_empties_their_months() -> None:
    before = Books([_row(number, A_MORNING - timedelta(days=40 * number)) for number in range(1, 6)])
    after = Books(before.rows[:2])
    after.as_of = A_MORNING + timedelta(minutes=1)

    pages = _recalled(_remembered(*before.readings(size=20), *after.readings(size=20)))

    assert _ids(pages) == ["fee-1", "fee-2"]
    assert _gaps(pages) == []


def test_a_page_of_a_hundred_months_is_remembered_whole() -> None:
    books = Books([_row(number, A_MORNING - timedelta(days=31 * number + 1)) for number in range(100)])

    pages = _recalled(_remembered(*books.readings(size=100)), size=100)

    assert (len(_ids(pages)), _gaps(pages)) == (100, [])


def test_of_a_page_that_reaches_back_further_than_months_are_kept_the_rest_is_a_gap() -> None:
    newest, oldest = A_MORNING - timedelta(days=1), A_MORNING.replace(year=2000)
    assert (newest.year - oldest.year) * 12 > MONTHS_OF_A_READING

    pages = _recalled(_remembered(*Books([_row(1, newest), _row(2, oldest)]).readings(size=20)))

    assert _ids(pages) == ["fee-1"]
    assert [gap.reason for gap in _gaps(pages) if oldest in gap.span] == [GapReason.REGION_UNAVAILABLE]


def test_says_what_lies_before_the_books_for_what_it_is() -> None:
    kept_from = A_MORNING - timedelta(days=100)
    history = _remembered(*Books([_row(1, A_MORNING - timedelta(days=3))], kept_from=kept_from).readings(size=20))

    everything = _gaps(_recalled(history))
    long_ago = _gaps(_recalled(history, period=Span(kept_from - timedelta(days=9), kept_from + timedelta(days=9))))

    assert everything == [HistoryGap(Span(BEGINNING, kept_from), GapReason.NOT_KEPT)]
    assert long_ago == [HistoryGap(Span(kept_from - timedelta(days=9), kept_from), GapReason.NOT_KEPT)]


def test_a_first_look_at_an_account_with_few_rows_makes_few_documents() -> None:
    kept_from = datetime(2014, 7, 1, tzinfo=UTC)
    rows = [_row(number, A_MORNING - timedelta(days=31 * number + 1)) for number in range(3)]

    history = _remembered(*Books(rows, kept_from=kept_from).readings(size=20))

    assert len(history.shelf.kept) == 3


def test_saves_nothing_for_a_reading_that_says_the_same_again_until_an_hour_has_passed() -> None:
    books = Books([_row(1, A_MORNING - timedelta(days=40))])
    period = span_of("2026-10")
    history = FakeHistory()
    remember = RememberHistory(history=history)

    versions = []
    for minutes in (0, 1, 30, 61):
        books.as_of = A_MORNING + timedelta(minutes=minutes)
        (reading,) = books.readings(size=20, period=period)
        remember(KEY, _CHARGES, reading, held_since=None)
        versions.append(history.shelf.kept["54:5400200001:charges:2026-10"].version)

    assert versions == [1, 1, 1, 2]


def test_a_month_that_was_saved_by_another_meanwhile_is_taken_anew() -> None:
    class Raced(FakeHistory):
        raced = False

        def save(self, month: HistoryMonth[Any], /) -> None:
            if not self.raced:
                self.raced = True
                (rival,) = Books([_row(7, A_MORNING - timedelta(days=1))]).readings(size=20)
                theirs = HistoryMonth[Charge](key=KEY, kind=_CHARGES, month=month.month)
                theirs.take(rival)
                super().save(theirs)
            super().save(month)

    history = Raced()
    (reading,) = Books([_row(7, A_MORNING - timedelta(days=1)), _row(8, A_MORNING - timedelta(days=2))]).readings(
        size=20
    )
    RememberHistory(history=history)(KEY, _CHARGES, reading, held_since=None)

    assert _ids(_recalled(history)) == ["fee-7", "fee-8"]
    assert history.shelf.kept["54:5400200001:charges:2026-11"].version == 2


def test_gives_up_a_race_that_is_lost_again_and_again() -> None:
    class AlwaysRaced(FakeHistory):
        def save(self, month: HistoryMonth[Any], /) -> None:
            raise VersionConflict("Somebody else was first.")

    (reading,) = Books([_row(1, A_MORNING)]).readings(size=20)

    RememberHistory(history=AlwaysRaced())(KEY, _CHARGES, reading, held_since=None)


def test_rows_out_of_order_are_not_remembered() -> None:
    page = Page(
        rows=(_row(1, A_MORNING - timedelta(days=2)), _row(2, A_MORNING - timedelta(days=1))),
        next_page_token="",
        as_of=A_MORNING,
    )

    history = _remembered(Reading.of(page, period=EVER, after=None))

    assert history.shelf.kept == {}


@pytest.mark.parametrize(
    ("moment", "month"), [(datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12"), (BEGINNING, "0001-01")]
)
def test_months_follow_one_another_without_a_gap(moment: datetime, month: str) -> None:
    span = span_of(month)

    assert month_of(moment) == month and moment in span
    assert month_of(span.ends_at - MOMENT) == month != month_of(span.ends_at)


def test_refuses_a_period_without_a_moment() -> None:
    with pytest.raises(PeriodInvalid):
        Span.asked_for(begins_at=A_MORNING, ends_at=A_MORNING)
