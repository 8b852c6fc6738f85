"""Store records of a region's journal, of all kinds in their order; those that cannot stand are put aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.accounts.application.change_number import ChangeNumber
from services.accounts.application.change_owner import ChangeOwner
from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.store_bills import StoreBills
from services.accounts.domain.feed import BalanceRecord, NumberChange, OwnerChange
from services.accounts.domain.feed_journal import FeedJournal, FeedRejection, FeedStreamSuperseded, JournalRecord
from services.accounts.domain.ports import FeedJournalRepository, FeedRejectionRepository
from services.accounts.domain.regional_bill import BillContent, BillRevisionReused
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """How far the journal is stored, and what was put aside on the way."""

    position: int
    rejected: Sequence[FeedRejection] = ()


@dataclass(slots=True)
class _Batch:
    """What has been read and is to be stored together, and what was wrong so far, by position."""

    balances: list[BalanceRecord] = field(default_factory=list)
    bills: list[tuple[int, BillContent]] = field(default_factory=list)
    problems: dict[int, DomainError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecords:
    """Stores records and moves the journal's position after them: killed in between, they come again, and change
    nothing. Balances and bills are stored together; a change of owner or number after all that comes before it."""

    journals: FeedJournalRepository
    rejections: FeedRejectionRepository
    observe_balances: ObserveBalances
    store_bills: StoreBills
    change_owner: ChangeOwner
    change_number: ChangeNumber
    clock: Clock

    def __call__(self, journal: FeedJournal, records: Sequence[JournalRecord], /) -> Acknowledged:
        """Raises `FeedStreamSuperseded` when another stream was opened since; what is stored is stored."""
        news = journal.news(records)
        if not news:
            return Acknowledged(position=journal.position)
        problems = self._store(news)
        rejected = self._put_aside(problems, journal) if problems else ()
        journal.advance(news[-1].position)
        try:
            self.journals.save(journal)
        except VersionConflict:
            raise FeedStreamSuperseded from None
        return Acknowledged(position=journal.position, rejected=rejected)

    def _store(self, news: Sequence[JournalRecord]) -> Mapping[int, DomainError]:
        """Store everything that can stand; return what is wrong with the rest, by position."""
        batch = _Batch()
        for record in news:
            problem = _problem_of(record, now=self.clock.now())
            if problem is None:
                self._take(record, batch)
            else:
                batch.problems[record.position] = problem
        self._flush(batch)
        return batch.problems

    def _take(self, record: JournalRecord, batch: _Batch) -> None:
        match record.news:
            case BalanceRecord() as balance:
                batch.balances.append(balance)
            case BillContent() as bill:
                batch.bills.append((record.position, bill))
            case OwnerChange() as change:
                self._flush(batch)
                self.change_owner(change.heard(self.clock.now()))
            case NumberChange() as change:
                self._flush(batch)
                self.change_number(change.heard(self.clock.now()))

    def _flush(self, batch: _Batch) -> None:
        """Store what has gathered."""
        self.observe_balances(batch.balances)
        for place in self.store_bills([bill for _, bill in batch.bills]):
            position = batch.bills[place][0]
            batch.problems[position] = BillRevisionReused(position=position)
        batch.balances.clear()
        batch.bills.clear()

    def _put_aside(self, problems: Mapping[int, DomainError], journal: FeedJournal) -> Sequence[FeedRejection]:
        rejected = tuple(
            FeedRejection.of(problem, journal=journal, position=position, now=self.clock.now())
            for position, problem in sorted(problems.items())
        )
        self.rejections.keep(rejected)
        _log.warning(
            "feed_records_rejected",
            region=journal.region,
            journal_id=journal.journal_id,
            position=rejected[0].position,
            records=len(rejected),
            reasons=sorted({rejection.reason for rejection in rejected}),
        )
        return rejected


def _problem_of(record: JournalRecord, *, now: datetime) -> DomainError | None:
    """Return why a record cannot stand by itself, None when it can."""
    try:
        match record.news:
            case DomainError() as problem:
                return problem
            case BalanceRecord() as balance:
                balance.check(position=record.position, now=now)
            case BillContent() | NumberChange() as told:
                told.check(position=record.position)
    except DomainError as problem:
        return problem
    return None
