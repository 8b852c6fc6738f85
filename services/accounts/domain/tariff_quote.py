"""What a tariff change comes to, as the region quoted it; fixed once given, and good for a short while."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.ordering_errors import TariffQuoteExpired
from services.chassis.ids import new_id
from services.chassis.money import Money

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedChange:
    """The region's own words; they go back to it unchanged with the change."""

    tariff_plan: TariffPlan
    price_now: Money
    next_bill: Money
    lost: tuple[str, ...]
    effective_date: date


@dataclass(slots=True, kw_only=True)
class TariffQuote:
    """Given to one subscriber for one account."""

    tariff_quote_id: str
    subscriber_id: str
    billing_account_id: str
    key: AccountKey
    quoted: QuotedChange
    expires_at: datetime
    version: int = 0

    @classmethod
    def give(
        cls, *, subscriber_id: str, billing_account_id: str, key: AccountKey, quoted: QuotedChange, now: datetime
    ) -> "TariffQuote":
        """Return a new quote."""
        return cls(
            tariff_quote_id=new_id("quo"),
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            key=key,
            quoted=quoted,
            expires_at=now + GOOD_FOR,
        )

    @property
    def change_id(self) -> str:
        """The id of the change that follows from it: one quote, one change."""
        return f"{self.tariff_quote_id}:change"

    def check_good(self, *, now: datetime) -> None:
        """Raise `TariffQuoteExpired` when its time is over."""
        if now >= self.expires_at:
            raise TariffQuoteExpired
