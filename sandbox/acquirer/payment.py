"""A payment, its card and its refunds: their states and what may happen to them; no wire, no storage, no clock."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sandbox.acquirer.cards import SUCCESS, party_of
from sandbox.acquirer.errors import invalid_request

TIME_TO_CONFIRM = timedelta(hours=1)  # YooKassa's terms for bank cards
TIME_TO_CAPTURE = timedelta(days=7)


class Status(StrEnum):
    """The life of a payment, in YooKassa's words."""

    PENDING = "pending"
    WAITING_FOR_CAPTURE = "waiting_for_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


_NEXT: dict[Status, set[Status]] = {
    Status.PENDING: {Status.WAITING_FOR_CAPTURE, Status.SUCCEEDED, Status.CANCELED},
    Status.WAITING_FOR_CAPTURE: {Status.SUCCEEDED, Status.CANCELED},
    Status.SUCCEEDED: set(),
    Status.CANCELED: set(),
}


class Card(BaseModel):
    """What may be kept of a card. The full number and the code have no field here, so they cannot be stored."""

    model_config = ConfigDict(frozen=True)

    first6: str
    last4: str
    expiry_month: str
    expiry_year: str
    card_type: str
    issuer_country: str
    issuer_name: str
    saved_outcome: str


class Cancellation(BaseModel):
    """Who refused and why."""

    model_config = ConfigDict(frozen=True)

    party: str
    reason: str


class Suspense(BaseModel):
    """An outcome that is decided but not yet told: after a 3-D Secure code, or when `resolve_at` (wall time) comes."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["three_d_secure", "processing"]
    outcome: str
    resolve_at: float | None = None


class Payment(BaseModel):
    """One payment of the shop. `expires_at` is when it lapses by itself unless it is final."""

    payment_id: str
    created_at: datetime
    expires_at: datetime | None
    amount_minor: int
    currency: str
    capture: bool
    description: str | None = None
    metadata: dict[str, str] = {}
    merchant_customer_id: str | None = None
    return_url: str | None = None
    method_type: Literal["bank_card", "sbp", "webmoney"] = "bank_card"
    confirmation_type: Literal["redirect", "qr"] | None = None
    save_payment_method: bool = False
    has_receipt: bool = False
    status: Status = Status.PENDING
    payment_method_id: str | None = None
    payment_method_saved: bool = False
    card: Card | None = None
    suspense: Suspense | None = None
    three_d_secure: bool = False
    auth_code: str | None = None
    rrn: str | None = None
    captured_at: datetime | None = None
    refunded_minor: int = 0
    cancellation: Cancellation | None = None

    def awaits_payer(self) -> bool:
        """Whether a payer may still type a card, or agree in their bank or wallet."""
        return self.status is Status.PENDING and self.suspense is None and self.confirmation_type is not None

    def settle(self, outcome: str, /, *, now: datetime) -> None:
        """Apply what the issuer said: success authorises (and captures at once if so asked), anything else cancels."""
        self.suspense = None
        if outcome != SUCCESS:
            return self.cancel(outcome)
        self.auth_code, self.rrn = f"{secrets.randbelow(10**6):06d}", f"{secrets.randbelow(10**12):012d}"
        self.payment_method_saved = self.payment_method_saved or self.save_payment_method
        if self.capture:
            return self.take(self.amount_minor, now=now)
        self._move_to(Status.WAITING_FOR_CAPTURE)
        self.expires_at = now + TIME_TO_CAPTURE
        return None

    def take(self, amount_minor: int, /, *, now: datetime) -> None:
        """Take the money, or a part of what was held; the rest of the hold goes back to the payer."""
        if amount_minor > self.amount_minor:
            raise invalid_request("The amount to capture exceeds the amount of the payment", parameter="amount.value")
        self._move_to(Status.SUCCEEDED)
        self.amount_minor = amount_minor
        self.captured_at = now
        self.expires_at = None

    def cancel(self, reason: str, /) -> None:
        """End the payment without money taken."""
        self._move_to(Status.CANCELED)
        self.suspense = None
        self.expires_at = None
        self.cancellation = Cancellation(party=party_of(reason), reason=reason)

    def lapse(self) -> None:
        """End a payment whose time is over."""
        confirmed = self.status is Status.WAITING_FOR_CAPTURE
        self.cancel("expired_on_capture" if confirmed else "expired_on_confirmation")

    def refund(self, amount_minor: int, /) -> None:
        """Give back a part or all; never more than was taken."""
        if self.status is not Status.SUCCEEDED:
            raise invalid_request("Only a succeeded payment can be refunded", parameter="payment_id")
        if self.refunded_minor + amount_minor > self.amount_minor:
            raise invalid_request("The refunds exceed the amount of the payment", parameter="amount.value")
        self.refunded_minor += amount_minor

    def _move_to(self, status: Status) -> None:
        if status not in _NEXT[self.status]:
            raise invalid_request(
                f"The payment cannot become {status}: its status is {self.status}", parameter="payment_id"
            )
        self.status = status


class Refund(BaseModel):
    """Money given back, or a refund that a script has cancelled; final as soon as it exists, as a rule for cards."""

    model_config = ConfigDict(frozen=True)

    refund_id: str
    payment_id: str
    created_at: datetime
    amount_minor: int
    currency: str
    description: str | None
    metadata: dict[str, str]
    has_receipt: bool
    canceled_because: str | None = None


def new_object_id(*, now: datetime) -> str:
    """Return an id of YooKassa's form: seconds in front, so that ids sort by time, 48 random bits at the end."""
    seconds = int(now.timestamp()) - 946_684_800
    return f"{seconds:08x}-000f-5000-{secrets.token_hex(2)}-{secrets.token_hex(6)}"
