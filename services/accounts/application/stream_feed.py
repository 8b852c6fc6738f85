"""Take a region's journal in, record by record in its order, and say how far it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.accounts.application.store_records import Acknowledged, StoreRecords
from services.accounts.domain.feed_journal import FeedJournal, FeedPositionInvalid, JournalOrder, JournalRecord
from services.accounts.domain.ports import FeedJournalRepository
from services.chassis.errors import DomainError, VersionConflict

_BATCH = 2000
_TRIES = 5


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
