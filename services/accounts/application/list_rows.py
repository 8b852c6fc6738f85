"""List fees and payments of an account, of a period or all: as the region tells them now, or as they were last known
(F12)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic

import structlog

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.remember_history import RememberHistory
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast, NumberSpell
from services.accounts.domain.account_report import Page, Row
from services.accounts.domain.account_snapshot import ROWS_KEPT, AccountSnapshot
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.figures import DisplayFigure, FigureKind, Known, check_moment, display_grade
from services.accounts.domain.history import BEGINNING, EVER, HistoryGap, Position, Span, gaps_of
from services.accounts.domain.history_month import HistoryMonth, Reading
from services.accounts.domain.ports import BillingAccountRepository, HistoryRepository, ReadRows, SnapshotRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.recalled_history import as_one, recall
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.paging import PageTokenInvalid, from_page_token, page_size, to_page_token

_MILLISECOND = timedelta(milliseconds=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """Where a page begins: the region's own token, and the row that the page before ended with.

    What was begun from memory has no token, and goes on from memory: its pages fit together, whatever the region has
    now.
    """

    regional_token: str = ""
    after: Position | None = None

    @classmethod
    def of(cls, token: str, /) -> "Continuation":
        """Return what `to_token` wrote. Raises `PageTokenInvalid`."""
        position = from_page_token(token, length=3)
        if position is None:
            return cls()
        regional_token, at_ms, row_id = position
        if not isinstance(at_ms, int):
            raise PageTokenInvalid("The page token is not valid.")
        try:
            at = BEGINNING + at_ms * _MILLISECOND
        except OverflowError:
            raise PageTokenInvalid("The page token is not valid.") from None
        if at not in EVER:
            raise PageTokenInvalid("The page token is not valid.")
        return cls(regional_token=str(regional_token), after=Position(at, str(row_id)))

    @property
    def is_remembered(self) -> bool:
        return self.after is not None and not self.regional_token

    def to_token(self) -> str:
        """Return the token of the page; empty for the first one."""
        if self.after is None:
            return ""
        return to_page_token(self.regional_token, (self.after.at - BEGINNING) // _MILLISECOND, self.after.row_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsWanted:
    """Which page of whose rows, of which period."""

    subscriber_id: str
    billing_account_id: str
    page_size: int
    page_token: str
    period: Span = EVER

    @property
    def size(self) -> int:
        return page_size(self.page_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRows(Generic[Row]):
    """A page, of display grade; `gaps` are what nothing is known of in its part of the period."""

    rows: DisplayFigure[Sequence[Row]]
    gaps: Sequence[HistoryGap]
    next_page_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRows(Generic[Row]):
    """Lists the rows of one kind, newest first, and remembers them. A region that does not answer costs freshness and
    what was never read, and nothing else.

    Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `PageTokenInvalid`.
    """

    kind: FigureKind
    read: ReadRows[Row]
    observe_rows: Callable[[AccountSnapshot, Page[Row], datetime], None]
    accounts: BillingAccountRepository
    standing: AccountStanding
    snapshots: SnapshotRepository
    history: HistoryRepository
    remember: RememberHistory
    observe: ObserveAccount
    regions: Regions
    clock: Clock

    def __call__(self, wanted: RowsWanted, /) -> ShownRows[Row]:
        account = owned_and_linked(
            self.accounts, subscriber_id=wanted.subscriber_id, billing_account_id=wanted.billing_account_id
        )
        self.standing.authorize(account, Action.VIEW)
        past = self.snapshots.pasts([account.key])[account.key]
        wanted = _of_present_owner(past, wanted)
        if wanted.period.is_empty:
            return self._page(account.key, Known((), self.clock.now()), (), Continuation())
        begin = Continuation.of(wanted.page_token)
        if begin.is_remembered:
            return self._recalled(account.key, past, wanted, begin)
        try:
            page = self._told(account.key, wanted, begin)
        except RegionUnavailable:
            return self._recalled(account.key, past, wanted, begin)
        reading = Reading.of(page, period=wanted.period, after=begin.after)
        self.remember(account.key, self.kind, reading, held_since=past.number_since)
        return self._shown(account.key, page, reading, wanted)

    def _told(self, key: AccountKey, wanted: RowsWanted, begin: Continuation) -> Page[Row]:
        page = self.read(key, page_size=wanted.size, page_token=begin.regional_token, period=wanted.period)
        check_moment(page.as_of, region=key.region, now=self.clock.now())
        if not all(row.at in wanted.period for row in page.rows):
            raise RegionAnswerInvalid(region=key.region, problem="rows from outside of the period")
        return page

    def _shown(self, key: AccountKey, page: Page[Row], reading: Reading[Row], wanted: RowsWanted) -> ShownRows[Row]:
        if reading.after is None and wanted.period == EVER and wanted.size >= ROWS_KEPT:
            self._remember_last_rows(key, page)
        untold = (
            ()
            if page.next_page_token
            else gaps_of(wanted.period, [Span(reading.kept_from or BEGINNING)], kept_from=reading.kept_from)
        )
        following = Continuation()
        if page.next_page_token:
            following = Continuation(regional_token=page.next_page_token, after=Position.of(page.rows[-1]))
        return self._page(key, Known(page.rows, page.as_of), untold, following)

    def _remember_last_rows(self, key: AccountKey, page: Page[Row]) -> None:
        try:
            self.observe.rows(key, lambda snapshot, now: self.observe_rows(snapshot, page, now))
        except VersionConflict:  # others observe it at this very moment: what is remembered is as new as this
            _log.info("rows_not_remembered", region=key.region)

    def _recalled(self, key: AccountKey, past: AccountPast, wanted: RowsWanted, begin: Continuation) -> ShownRows[Row]:
        spells = past.called(key.number)
        page = recall(
            as_one([self._months(key.region, spell, wanted.period) for spell in spells]),
            period=wanted.period,
            after=begin.after,
            size=wanted.size,
            now=self.clock.now(),
        )
        known = Known(page.rows, page.as_of) if page.as_of is not None else None
        following = Continuation(after=Position.of(page.rows[-1])) if page.more else Continuation()
        return self._page(key, known, page.gaps, following)

    def _months(self, region: str, spell: NumberSpell, period: Span) -> Iterator[HistoryMonth[Row]]:
        """Return what was read while the account had a number, and nothing that was read when another one had it."""
        key = AccountKey(region=region, number=spell.number)
        for month in self.history.months(key, self.kind, period, held_since=spell.since):
            if spell.until is None or month.read_last < spell.until:
                yield month

    def _page(
        self, key: AccountKey, known: Known[Sequence[Row]] | None, gaps: Sequence[HistoryGap], following: Continuation
    ) -> ShownRows[Row]:
        fresh_for = self.regions.of(key.region).fresh_for
        figure = display_grade(known, kind=self.kind, region=key.region, now=self.clock.now(), fresh_for=fresh_for)
        return ShownRows(rows=figure, gaps=gaps, next_page_token=following.to_token())


def _of_present_owner(past: AccountPast, wanted: RowsWanted) -> RowsWanted:
    """Leave out what was before the account passed on: it is the former owner's."""
    if past.owner_since is None:
        return wanted
    return replace(wanted, period=wanted.period.within(Span(begins_at=past.owner_since)))
