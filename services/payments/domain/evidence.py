"""What people and registries say about a payment, kept beside it: evidence for what is done by hand, chargebacks."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.chassis.money import Money


class Outcome(Enum):
    """What a person found out about a payment whose outcome the machine could not learn."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"


class RefundOutcome(Enum):
    """What a person found out about a refund of which the machine could not learn whether it was made."""

    MADE = "made"
    NOT_MADE = "not-made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a person settled something by hand: `about` is the problem or the step, `note` where it can be looked up."""

    about: str
    note: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeback:
    """A dispute of the payer's bank, from the acquirer's registry. A record only: nothing is posted or taken back."""

    chargeback_id: str
    amount: Money
    reason: str
    received_at: datetime
    recorded_at: datetime
