"""Tries to post to a region that does not deduplicate: one at a time, written down before it leaves (decision 0013)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.accounts.domain.errors import RegionNotAsked
from services.accounts.domain.ports import PostingRepository
from services.accounts.domain.posting import Posting
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.clock import Clock

# A claim has time for three calls, so a try that leaves within a third of its lease ends within two thirds.
_LEAVES_WITHIN = 1 / 3
_ENDS_WITHIN = 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingAttempts:
    """What the terms of a region ask for around a try; nothing where it deduplicates.

    `lease` is how long nobody else takes the posting. Tries are timed by the machine's clock, not by the calendar's,
    which a test suite moves.
    """

    postings: PostingRepository
    terms: Callable[[str], PostingTerms]
    lease: timedelta
    clock: Clock
    machine_clock: Clock

    def begin(self, posting: Posting, /) -> None:
        """Save that a try is about to leave.

        Raises `VersionConflict` when somebody else has the posting, and `RegionNotAsked` when saving took so long (a
        process that was stopped) that somebody else may have it by the time the try arrives.
        """
        if self.terms(posting.key.region).deduplicates:
            return
        began_at = self.machine_clock.now()
        posting.begin_attempt(at=began_at, due_at=self.clock.now() + self.lease)
        self.postings.save(posting)
        if self.machine_clock.now() - began_at > self.lease * _LEAVES_WITHIN:
            raise RegionNotAsked(region=posting.key.region)

    def check_settled(self, posting: Posting, /, *, asked_at: datetime) -> None:
        """Raise `MayStillArrive` while the last try without an answer might have taken effect after `asked_at`, which
        is by the machine's clock: the moment before the region was asked whether it holds the payment."""
        posting.check_settled(
            self.terms(posting.key.region), call_ends_within=self.lease * _ENDS_WITHIN, asked_at=asked_at
        )
