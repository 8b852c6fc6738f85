"""An account in its region's words, and who may see its documents; how that is found out stays outside."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.errors import DomainError, Kind


class BillingAccountNotFound(DomainError):
    """The subscriber has no such account; another subscriber's looks the same."""

    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as its region names it; bills are matched by it."""

    region: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A number of an account, and when what was issued under it is the account's and its present owner's."""

    account: Account
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, account: Account, /, *, issued_at: datetime) -> bool:
        """Say whether something issued for an account at that moment belongs here."""
        begun = self.since is None or issued_at >= self.since
        return account == self.account and begun and (self.until is None or issued_at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAccount:
    """An account whose documents a subscriber may see, as it is called now, with every number that it ever had."""

    billing_account_id: str
    account: Account
    spells: tuple[Spell, ...]

    def owns(self, account: Account, /, *, issued_at: datetime) -> bool:
        """Say whether something issued for an account at that moment is this one's."""
        return any(spell.covers(account, issued_at=issued_at) for spell in self.spells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A subscriber together with the link through which they see an account."""

    subscriber_id: str
    billing_account_id: str
