"""News that a region sends by itself: what a record must be like, whoever it is about."""

from dataclasses import dataclass
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
