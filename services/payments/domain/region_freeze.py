"""The guard against a region whose billing has gone mad: how many threshold charges fire there within a while, and the
freeze when they are too many."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeLimits:
    """How many threshold charges of one region may fire within a while: at most so many, and at most such a share of
    its active threshold rules, where the share is never less than a floor: a region of few rules is not frozen by its
    everyday."""

    within: timedelta
    at_most: int
    share_percent: int
    share_at_least: int

    def allowed(self, *, active_rules: int) -> int:
        """Return how many may fire in a region of so many rules."""
        return min(self.at_most, max(self.share_at_least, active_rules * self.share_percent // 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A threshold charge that was let through."""

    decision_id: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class RegionFreeze:
    """One per region. Each charge is let through by a save of this aggregate: of any number of deciders no more get
    through than are allowed. An occasion counts once, however often it is decided."""

    region: str
    fired: tuple[Fired, ...] = ()
    frozen_at: datetime | None = None
    trusted_until: datetime | None = None
    version: int = 0

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    def let_through(self, decision_id: str, /, *, active_rules: int, limits: FreezeLimits, now: datetime) -> bool:
        """Count a charge; False, and the region is frozen, when it is one too many."""
        if self.is_frozen:
            return False
        if self.trusted_until is not None and now < self.trusted_until:
            return True
        self.fired = tuple(fired for fired in self.fired if fired.at > now - limits.within)
        if any(fired.decision_id == decision_id for fired in self.fired):
            return True
        if len(self.fired) >= limits.allowed(active_rules=active_rules):
            self.frozen_at = now
            return False
        self.fired = (*self.fired, Fired(decision_id=decision_id, at=now))
        return True

    def unfreeze(self, *, trusted_until: datetime | None) -> None:
        """A person has looked: begin to count anew, and not at all while the region is trusted."""
        self.frozen_at, self.fired, self.trusted_until = None, (), trusted_until
