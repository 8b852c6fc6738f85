"""What the cash register behind the acquirer is asked for and what it may answer, in our terms (54-FZ)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.chassis.money import Money
from services.payments.domain.acquirer import Absent, Busy, Refused, Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalTerms:
    """What stands in every receipt beside the sum: data of a profile, in the codes of the tax office's format."""

    description: str
    vat_code: int
    tax_system_code: int
    payment_subject: str
    payment_mode: str


class ReceiptStatus(Enum):
    """How far a receipt is at the acquirer."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedMoney:
    """The money that a receipt is about, by the acquirer's ids; the refund's is empty for a payment."""

    acquirer_payment_id: str
    acquirer_refund_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptOrder:
    """A receipt to register. The address is the payer's, read for this one call."""

    idempotence_key: str
    money: MovedMoney
    amount: Money
    terms: FiscalTerms
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquirerReceipt:
    """A receipt as the acquirer tells it."""

    acquirer_receipt_id: str
    status: ReceiptStatus
    amount: Money
    registered_at: datetime | None = None


ReceiptAnswer = AcquirerReceipt | Refused | Busy | Silence | Absent


class FiscalRegister(Protocol):
    """Whoever registers receipts. Each call ends within `timeout_s` or so and answers rather than raises."""

    def register(self, order: ReceiptOrder, /, *, timeout_s: float) -> ReceiptAnswer:
        """Register a receipt and have it sent to the payer, or return the one that this key has made before."""
        ...

    def get_receipt(self, acquirer_receipt_id: str, /, *, timeout_s: float) -> ReceiptAnswer:
        """Return a receipt by the acquirer's id."""
        ...

    def find_receipt(self, money: MovedMoney, /, *, timeout_s: float) -> ReceiptAnswer:
        """Look for a receipt about that money; cancelled ones do not count."""
        ...
