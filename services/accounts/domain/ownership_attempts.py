"""The aggregate that counts wrong proofs within a window, for an account, a subscriber, an address (the proof ladder's
brake); codes that are asked for are counted in the same way."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind, TooManyAttempts


class OwnershipNotProved(DomainError):
    """Number and fact do not belong together; which of the two is wrong, nobody is told."""

    reason = "OWNERSHIP_NOT_PROVED"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The account number and the proof do not match.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimit:
    """How many wrong proofs within which time."""

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimits:
    """How many by whom: only one's own attempts ever shut one out.

    An account that is tried from everywhere (`per_account`) leaves each subscriber fewer tries (`per_pair_under_attack`
    instead of `per_pair`), but leaves each some, so that nobody can keep its owner away.
    """

    per_pair: AttemptLimit
    per_pair_under_attack: AttemptLimit
    per_account: AttemptLimit
    per_subscriber: AttemptLimit
    per_address: AttemptLimit


@dataclass(slots=True, kw_only=True)
class OwnershipAttempts:
    """Counted before the region is asked, so that a hundred parallel attempts do not all pass the same check; taken
    back when the proof was right or the region did not answer."""

    attempts_key: str
    limit: AttemptLimit
    made_at: list[datetime] = field(default_factory=list)
    version: int = 0

    def begin(self, *, now: datetime) -> None:
        """Count an attempt. Raises `TooManyAttempts` when the window is full."""
        # A moment in the future was counted before the clock was set back: it counts as now.
        self.made_at = [min(moment, now) for moment in self.made_at if now - moment < self.limit.window]
        if len(self.made_at) >= self.limit.most:
            free_at = self.made_at[-self.limit.most] + self.limit.window
            raise TooManyAttempts(retry_after_s=max(1, math.ceil((free_at - now).total_seconds())))
        self.made_at.append(now)

    def forgive(self, begun_at: datetime, /) -> None:
        """Take an attempt back; without effect when it is forgotten already."""
        if begun_at in self.made_at:
            self.made_at.remove(begun_at)

    @property
    def forgotten_at(self) -> datetime | None:
        """When nothing of it counts any more, None when nothing does now."""
        return max(self.made_at) + self.limit.window if self.made_at else None
