"""What payments tells the rest of the suite; the contracts stand in protos/events/payments."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.chassis.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured:
    """The acquirer has taken the money; the account's region is to credit it."""

    name: ClassVar[str] = "payments.payment_captured.v1"

    payment_id: str
    billing_account_id: str
    amount: Money
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDeclined:
    """A payment ended without any money taken."""

    name: ClassVar[str] = "payments.payment_declined.v1"

    payment_id: str
    billing_account_id: str
    decline_reason: str
    declined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded:
    """Captured money that no region would take went back to the payer, in full."""

    name: ClassVar[str] = "payments.payment_refunded.v1"

    payment_id: str
    billing_account_id: str
    amount: Money
    refunded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSucceeded:
    """Some or all of a payment that a region has credited went back to the payer: the region's books still show it."""

    name: ClassVar[str] = "payments.refund_succeeded.v1"

    payment_id: str
    refund_id: str
    billing_account_id: str
    amount: Money
    refunded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationIncidentOpened:
    """The acquirer's registry of a day and our payments differ: somebody has to clear it up."""

    name: ClassVar[str] = "payments.reconciliation_incident_opened.v1"

    incident_id: str
    day: str
    kind: str
    payment_id: str | None
    acquirer_payment_id: str | None
    ours: Money | None
    theirs: Money | None
    opened_at: datetime


PaymentEvent = PaymentCaptured | PaymentDeclined | PaymentRefunded | RefundSucceeded
