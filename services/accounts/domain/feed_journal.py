"""The aggregate of a region's journal as far as it is stored: its position, and who may move it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.feed import BalanceRecord, NumberChange, OwnerChange
from services.accounts.domain.regional_bill import BillContent
from services.chassis.errors import DomainError, Kind

News = BalanceRecord | BillContent | OwnerChange | NumberChange

_JOURNAL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class FeedPositionInvalid(DomainError):
    """Nothing that follows in this stream can be placed: positions go forward, in one journal that has a name."""

    reason = "FEED_POSITION_INVALID"
    kind = Kind.INVALID

    def __init__(self, *, position: int, rule: str) -> None:
        super().__init__(f"Position {position}: {rule}.", position=str(position), rule=rule)


class FeedStreamSuperseded(DomainError):
    """The region has opened another stream since; only the newest may say how far its journal is stored."""

    reason = "FEED_STREAM_SUPERSEDED"
    kind = Kind.ABORTED

    def __init__(self) -> None:
        super().__init__("The region has opened another stream since.")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecord:
    """A record as read: its news, or why they cannot be read."""

    position: int
    news: News | DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRejection:
    """A record that was put aside. What it said stays with the region, in its journal at that position: it may be
    personal, and it is not to be trusted."""

    region: str
    journal_id: str
    position: int
    reason: str
    rule: str
    rejected_at: datetime

    @classmethod
    def of(cls, problem: DomainError, /, *, journal: "FeedJournal", position: int, now: datetime) -> "FeedRejection":
        """Return what is kept of a refused record."""
        return cls(
            region=journal.region,
            journal_id=journal.journal_id,
            position=position,
            reason=problem.reason,
            rule=problem.metadata.get("rule", problem.message),
            rejected_at=now,
        )


@dataclass(slots=True, kw_only=True)
class FeedJournal:
    """One per region, of the journal that it writes now. Opening it saves it, and a save moves `version`: whoever had
    opened it before can move the position no more."""

    region: str
    journal_id: str = ""
    position: int = 0
    version: int = 0

    def open(self, journal_id: str, /) -> None:
        """Go on with a journal, or begin a new one from its first record. Raises `FeedPositionInvalid`."""
        if not _JOURNAL_ID.fullmatch(journal_id):
            raise FeedPositionInvalid(position=0, rule="a journal has a name of letters, digits, '.', '_' and '-'")
        if journal_id != self.journal_id:
            self.journal_id, self.position = journal_id, 0

    def position_in(self, journal_id: str, /) -> int:
        """Return how far a journal is stored: not at all when it is another than this one."""
        return self.position if journal_id == self.journal_id else 0

    def news(self, records: Sequence[JournalRecord], /) -> Sequence[JournalRecord]:
        """Return those of the records that are not stored yet."""
        return [record for record in records if record.position > self.position]

    def advance(self, position: int, /) -> None:
        """Note that everything up to there is stored."""
        self.position = max(self.position, position)


@dataclass(slots=True)
class JournalOrder:
    """What one stream has sent so far."""

    last_position: int = 0

    def check(self, position: int, /) -> None:
        """Raise `FeedPositionInvalid` for a position that goes backwards; the same once more is a repeat."""
        if position <= 0:
            raise FeedPositionInvalid(position=position, rule="a position is positive")
        if position < self.last_position:
            raise FeedPositionInvalid(position=position, rule="a position is not less than the one before")
        self.last_position = position
