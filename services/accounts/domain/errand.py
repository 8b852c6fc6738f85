"""When a wish is next carried to its region, and how the last tries went: the part that all wishes have alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol
from zlib import crc32

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.posting import RetryPlan
from services.chassis.clock import to_milliseconds

_NEEDS_A_PERSON_AFTER = timedelta(hours=24)

# A new wish is tried at once by the call that made it. It is due only when that call must have ended, so that the
# dispatcher does not ask the region the same at the same moment.
IN_HAND = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandPlan:
    """How long to wait after a failure, and how long before looking again at what takes its time."""

    retry: RetryPlan
    looks: Sequence[timedelta]

    def pause_before(self, next_look: int, /) -> timedelta:
        """Return the pause before the look number `next_look` since something last happened; the last one stays."""
        return self.looks[min(next_look, len(self.looks)) - 1]


@dataclass(slots=True, kw_only=True)
class Errand:
    """`due_at` is None when nothing more is to be done."""

    due_at: datetime | None
    tries: int = 0
    looks: int = 0
    last_problem: str | None = None
    failing_since: datetime | None = None

    @classmethod
    def in_hand(cls, *, now: datetime) -> "Errand":
        """Return the errand of a wish that whoever saves it tries at once."""
        return cls(due_at=now + IN_HAND)

    def take_in_hand(self, *, now: datetime) -> None:
        """Begin anew with another wish about the same thing, tried at once by whoever saves it."""
        self.answered(due_at=now + IN_HAND)

    def postpone(self, problem: str, /, *, outage: bool, plan: ErrandPlan, now: datetime) -> None:
        """Note a try without a usable answer; the next one asks before it sends."""
        self.tries += 1
        self.last_problem = problem
        self.failing_since = self.failing_since or now
        self.due_at = now + plan.retry.pause_before(self.tries, outage=outage)

    def look_again(self, *, plan: ErrandPlan, now: datetime, spread: float) -> None:
        """Note an answer that brought nothing new."""
        pause = plan.pause_before(self.looks + 1)
        looks = self.looks + 1
        self.answered(due_at=to_milliseconds(now + pause * (1 + spread / 4)))
        self.looks = looks

    def answered(self, *, due_at: datetime | None) -> None:
        """Note a usable answer, and when the next step is to be done."""
        self.due_at = due_at
        self.tries = self.looks = 0
        self.last_problem = self.failing_since = None

    def needs_a_person(self, *, now: datetime) -> bool:
        """Say whether it has failed for so long that somebody must look at it."""
        return self.failing_since is not None and now - self.failing_since >= _NEEDS_A_PERSON_AFTER


class Wish(Protocol):
    """What every aggregate that is carried to a region has."""

    errand: Errand
    version: int
    created_at: datetime

    @property
    def wish_id(self) -> str:
        """Its id, at the region too."""
        ...

    @property
    def key(self) -> AccountKey: ...

    @property
    def state(self) -> Enum: ...

    @property
    def shows_in_figures(self) -> bool:
        """Say whether the account's figures are others by what has become of it."""
        ...

    @property
    def is_at_rest(self) -> bool:
        """Say whether nothing more is to be done about it."""
        ...


def spread_of(wish_id: str, /) -> float:
    """Return a number from 0 to 1 that is always the same for a wish: what is due at one moment for many of them, a
    midnight say, is spread by it."""
    return crc32(wish_id.encode()) / 2**32
