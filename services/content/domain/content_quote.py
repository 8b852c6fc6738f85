"""A price that is fixed for ten minutes; ordering by it is the order's business."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind
from services.chassis.ids import new_id
from services.content.domain.offering import Offering

LIVES_FOR = timedelta(minutes=10)


class ContentQuoteNotFound(DomainError):
    """There is no such quote; another subscriber's looks the same."""

    reason = "CONTENT_QUOTE_NOT_FOUND"
    kind = Kind.NOT_FOUND


class ContentQuoteExpired(DomainError):
    """The ten minutes are over, or the account was unlinked."""

    reason = "CONTENT_QUOTE_EXPIRED"
    kind = Kind.FAILED_PRECONDITION


@dataclass(slots=True, kw_only=True)
class ContentQuote:
    """The offering as it was shown: what changes in the catalogue after that does not change it."""

    content_quote_id: str
    subscriber_id: str
    billing_account_id: str
    offering: Offering
    expires_at: datetime
    ended_at: datetime | None = None
    version: int = 0

    @classmethod
    def of(cls, offering: Offering, /, *, subscriber_id: str, billing_account_id: str, now: datetime) -> "ContentQuote":
        return cls(
            content_quote_id=new_id("quo"),
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            offering=offering,
            expires_at=now + LIVES_FOR,
        )

    def check_open(self, now: datetime, /) -> None:
        """Raise `ContentQuoteExpired` unless it can be ordered by."""
        if self.ended_at is not None or now >= self.expires_at:
            raise expired()

    def end(self, *, now: datetime) -> None:
        """End it before its time. Idempotent."""
        self.ended_at = self.ended_at or now


def expired() -> ContentQuoteExpired:
    return ContentQuoteExpired("The quote has expired.")
