"""The facts that accounts announces; their contracts stand in protos/events/accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.chassis.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAccountLinked:
    """A subscriber has linked a billing account: its region verified the proof, or its owner granted it."""

    name: ClassVar[str] = "accounts.billing_account_linked.v1"

    billing_account_id: str
    subscriber_id: str
    region: str
    linked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAccountUnlinked:
    """A link has ended."""

    name: ClassVar[str] = "accounts.billing_account_unlinked.v1"

    billing_account_id: str
    subscriber_id: str
    unlinked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceObserved:
    """A region told another balance of a linked account than before."""

    name: ClassVar[str] = "accounts.balance_observed.v1"

    billing_account_id: str
    balance: Money
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPosted:
    """The region has credited a captured payment."""

    name: ClassVar[str] = "accounts.payment_posted.v1"

    payment_id: str
    amount: Money
    posted_at: datetime
    service_restored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRefused:
    """The region refuses a captured payment for good; it is to be refunded."""

    name: ClassVar[str] = "accounts.posting_refused.v1"

    payment_id: str
    amount: Money
    refusal_reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalBillReceived:
    """A region has issued a bill."""

    name: ClassVar[str] = "accounts.regional_bill_received.v1"

    regional_bill_id: str
    region: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationIncidentOpened:
    """A region's books of a day and ours differ about a payment; somebody has to clear it up."""

    name: ClassVar[str] = "accounts.reconciliation_incident_opened.v1"

    incident_id: str
    region: str
    day: str
    payment_id: str
    kind: str
    ours: Money | None
    theirs: Money | None
    opened_at: datetime
