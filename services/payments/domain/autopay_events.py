"""What autopay tells the rest of the suite, ids only: whoever mails it asks for the rest. The contracts stand in
protos/events/payments."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayChargeAnnounced:
    """A date is a day away: the subscriber is to be told."""

    name: ClassVar[str] = "payments.autopay_charge_announced.v1"

    decision_id: str
    subscriber_id: str
    billing_account_id: str
    charge_at: datetime
    announced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayChargeDeclined:
    """A try was declined; without `next_try_at` it was the last."""

    name: ClassVar[str] = "payments.autopay_charge_declined.v1"

    decision_id: str
    subscriber_id: str
    billing_account_id: str
    try_number: int
    decline_class: str
    next_try_at: datetime | None
    declined_at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayChargeHeld:
    """A charge waits for the subscriber's word."""

    name: ClassVar[str] = "payments.autopay_charge_held.v1"

    decision_id: str
    subscriber_id: str
    billing_account_id: str
    lapses_at: datetime
    held_at: datetime
    time_zone: str


AutopayEvent = AutopayChargeAnnounced | AutopayChargeDeclined | AutopayChargeHeld
