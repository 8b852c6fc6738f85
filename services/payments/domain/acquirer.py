"""What the acquirer is asked for and what it may answer, in our terms; how it is spoken to, adapters know."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.chassis.money import Money
from services.payments.domain.payment import PaymentKind


class Status(Enum):
    """How far a payment is at the acquirer."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCard:
    """A card that the acquirer keeps for later charges. Its id there is as good as money: never shown, never logged."""

    acquirer_method_id: str = field(repr=False)
    brand: str
    last4: str
    expires: str
    issuer_country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOrder:
    """A charge. The same payment always makes the same order: a key goes with one body only."""

    payment_id: str
    idempotence_key: str
    amount: Money
    kind: PaymentKind
    return_url: str
    save_payment_method: bool
    acquirer_method_id: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquirerPayment:
    """A payment as the acquirer tells it. `payment_id` is ours, from its metadata."""

    acquirer_payment_id: str
    payment_id: str
    status: Status
    amount: Money
    confirmation_url: str = ""
    decline_reason: str = ""
    captured_at: datetime | None = None
    saved_card: SavedCard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquirerRefund:
    """A refund as the acquirer tells it. `refund_id` is ours, from its metadata."""

    acquirer_refund_id: str
    refund_id: str
    status: Status
    amount: Money


class BindingStatus(Enum):
    """How far a card that is bound without a payment is at the acquirer."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquirerBinding:
    """A card that is being bound as the acquirer tells it. `payment_method_id` is ours, from its metadata."""

    acquirer_method_id: str = field(repr=False)
    payment_method_id: str
    status: BindingStatus
    confirmation_url: str = ""
    card: SavedCard | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It refused this very request, and did not execute it. `code` is a word such as `invalid_request`."""

    code: str


@dataclass(frozen=True, slots=True)
class Busy:
    """It did not execute the request for lack of room; later it may."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer that can be understood: it may have executed the request or not."""


@dataclass(frozen=True, slots=True)
class Absent:
    """It does not show what was looked for. No proof that there is nothing."""


PaymentAnswer = AcquirerPayment | Refused | Busy | Silence | Absent
RefundAnswer = AcquirerRefund | Refused | Busy | Silence | Absent
BindingAnswer = AcquirerBinding | Refused | Busy | Silence


class Acquirer(Protocol):
    """Whoever moves money from cards. Each call ends within `timeout_s` or so and answers rather than raises."""

    def charge(self, order: ChargeOrder, /, *, timeout_s: float) -> PaymentAnswer:
        """Start a payment, or return the one that this key has started before."""
        ...

    def get(self, acquirer_payment_id: str, /, *, timeout_s: float) -> PaymentAnswer:
        """Return a payment by the acquirer's id."""
        ...

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        """Look for a payment by our id among those started in that time."""
        ...

    def refund(self, *, refund_id: str, acquirer_payment_id: str, amount: Money, timeout_s: float) -> RefundAnswer:
        """Give money back, or return the refund that this id, which is its key, has made before."""
        ...

    def find_refund(self, refund_id: str, /, *, acquirer_payment_id: str, timeout_s: float) -> RefundAnswer:
        """Look for a refund by our id among those of a payment."""
        ...


class CardBinder(Protocol):
    """Whoever keeps cards without a payment, on the same terms."""

    def bind(self, *, idempotence_key: str, payment_method_id: str, return_url: str, timeout_s: float) -> BindingAnswer:
        """Start a binding, or return the one that this key has started before."""
        ...

    def get_binding(self, acquirer_method_id: str, /, *, timeout_s: float) -> BindingAnswer:
        """Return a binding by the acquirer's id."""
        ...
