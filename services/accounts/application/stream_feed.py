"""Take a region's journal in, record by record in its order, and say how far it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.store_bills import StoreBills
from services.accounts.domain.feed import BalanceRecord
from services.accounts.domain.feed_journal import (
    FeedJournal,
    FeedPositionInvalid,
    FeedRejection,
    FeedStreamSuperseded,
    JournalOrder,
    JournalRecord,
)
from services.accounts.domain.ports import FeedJournalRepository, FeedRejectionRepository
from services.accounts.domain.regional_bill import BillContent, BillRevisionReused
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict

_BATCH = 2000
_TRIES = 5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """How far the journal is stored, and what was put aside on the way."""

    position: int
    rejected: Sequence[FeedRejection] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecords:
    """Stores records of a journal and moves its position after them: killed in between, they come again, and change
    nothing."""

    journals: FeedJournalRepository
    rejections: FeedRejectionRepository
    observe_balances: ObserveBalances
    store_bills: StoreBills
    clock: Clock

    def __call__(self, journal: FeedJournal, records: Sequence[JournalRecord], /) -> Acknowledged:
        """Raises `FeedStreamSuperseded` when another stream was opened since; what is stored is stored."""
        news = journal.news(records)
        if not news:
            return Acknowledged(position=journal.position)
        rejected = self._store(journal, news)
        if rejected:
            self._put_aside(rejected)
        journal.advance(news[-1].position)
        try:
            self.journals.save(journal)
        except VersionConflict:
            raise FeedStreamSuperseded from None
        return Acknowledged(position=journal.position, rejected=rejected)

    def _store(self, journal: FeedJournal, news: Sequence[JournalRecord]) -> Sequence[FeedRejection]:
        now = self.clock.now()
        problems: dict[int, DomainError] = {}
        balances: list[BalanceRecord] = []
        bills: list[tuple[int, BillContent]] = []
        for record in news:
            try:
                match record.news:
                    case BalanceRecord() as balance:
                        balance.check(position=record.position, now=now)
                        balances.append(balance)
                    case BillContent() as bill:
                        bill.check(position=record.position)
                        bills.append((record.position, bill))
                    case problem:
                        raise problem
            except DomainError as problem:
                problems[record.position] = problem
        self.observe_balances(balances)
        for place in self.store_bills([bill for _, bill in bills]):
            position = bills[place][0]
            problems[position] = BillRevisionReused(position=position)
        return tuple(
            FeedRejection.of(problem, journal=journal, position=position, now=now)
            for position, problem in sorted(problems.items())
        )

    def _put_aside(self, rejected: Sequence[FeedRejection]) -> None:
        self.rejections.keep(rejected)
        _log.warning(
            "feed_records_rejected",
            region=rejected[0].region,
            journal_id=rejected[0].journal_id,
            position=rejected[0].position,
            records=len(rejected),
            reasons=sorted({rejection.reason for rejection in rejected}),
        )


@dataclass(slots=True, kw_only=True)
class FeedStream:
    """One stream of one region, opened by its first piece."""

    region: str
    journals: FeedJournalRepository
    store: StoreRecords
    _journal: FeedJournal | None = None
    _order: JournalOrder = field(default_factory=JournalOrder)

    def take(self, journal_id: str, records: Sequence[JournalRecord], /) -> Iterator[Acknowledged]:
        """Store a piece of the journal and yield how far it has come, at least once.

        Raises `FeedPositionInvalid` after what comes before the mistake is stored, and `FeedStreamSuperseded`.
        """
        journal = self._opened(journal_id)
        sound, mistake = self._in_order(records)
        for first in range(0, max(1, len(sound)), _BATCH):
            yield self.store(journal, sound[first : first + _BATCH])
        if mistake is not None:
            raise mistake

    def _opened(self, journal_id: str) -> FeedJournal:
        if self._journal is None:
            self._journal = _open(self.journals, self.region, journal_id)
        if journal_id != self._journal.journal_id:
            raise FeedPositionInvalid(position=self._order.last_position, rule="a stream is of one journal")
        return self._journal

    def _in_order(self, records: Sequence[JournalRecord]) -> tuple[Sequence[JournalRecord], DomainError | None]:
        for place, record in enumerate(records):
            try:
                self._order.check(record.position)
            except FeedPositionInvalid as mistake:
                return records[:place], mistake
        return records, None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFeedStream:
    """Begins a stream. The one that the region had opened before ends at its next record."""

    journals: FeedJournalRepository
    store: StoreRecords

    def __call__(self, *, region: str) -> FeedStream:
        return FeedStream(region=region, journals=self.journals, store=self.store)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeedPosition:
    """Returns how far a journal is stored; reads only."""

    journals: FeedJournalRepository

    def __call__(self, *, region: str, journal_id: str) -> int:
        return self.journals.get(region).position_in(journal_id)


def _open(journals: FeedJournalRepository, region: str, journal_id: str) -> FeedJournal:
    """Take the journal over from whoever had it; of several who open it at one moment, the last one has it."""
    for left in reversed(range(_TRIES)):
        journal = journals.get(region)
        journal.open(journal_id)
        try:
            journals.save(journal)
        except VersionConflict:
            if not left:
                raise
        else:
            return journal
    raise AssertionError("the last try returns or raises")
