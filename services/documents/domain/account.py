"""An account in its region's words, and who may see its documents; how that is found out stays outside."""

from dataclasses import dataclass

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
class Recipient:
    """A subscriber together with the link through which they see an account."""

    subscriber_id: str
    billing_account_id: str
