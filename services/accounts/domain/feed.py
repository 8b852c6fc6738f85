"""News that a region sends by itself: what a record must be like, whoever it is about."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.figures import CLOCK_TOLERANCE
from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money


class FeedRecordInvalid(DomainError):
    """A record breaks the contract. `position` is its place in the journal, or counts from 0 within a batch that has no
    positions; `rule` says what is wrong, without the value."""

    reason = "FEED_RECORD_INVALID"
    kind = Kind.INVALID

    def __init__(self, *, position: int, rule: str) -> None:
        super().__init__(f"Record {position}: {rule}.", position=str(position), rule=rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecord:
    """The balance of one account at one moment."""

    key: AccountKey
    balance: Money
    as_of: datetime

    def check(self, *, position: int, now: datetime) -> None:
        """Raise `FeedRecordInvalid` for a record that cannot be true."""
        if not self.key.number:
            raise FeedRecordInvalid(position=position, rule="an account has a number")
        if self.as_of - now > CLOCK_TOLERANCE:
            raise FeedRecordInvalid(position=position, rule="a balance is not from the future")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChange:
    """An account is another person's from a moment on."""

    key: AccountKey
    changed_at: datetime

    def heard(self, now: datetime, /) -> "OwnerChange":
        """Return the change as one that has happened when it is heard of: a region whose clock is ahead must not leave
        the former owner in, and one that is far ahead must not lock the new one out."""
        return replace(self, changed_at=min(self.changed_at, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """An account is called by another number from a moment on; without an old one, a number that was used before is
    given to a new account."""

    old: AccountKey | None
    new: AccountKey
    changed_at: datetime

    def check(self, *, position: int) -> None:
        """Raise `FeedRecordInvalid` for a change that is none."""
        if self.old == self.new:
            raise FeedRecordInvalid(position=position, rule="the numbers of a change differ")

    def heard(self, now: datetime, /) -> "NumberChange":
        """Return the change as one that has happened when it is heard of."""
        return replace(self, changed_at=min(self.changed_at, now))
