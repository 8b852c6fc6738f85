"""A saved card: what may be shown of it, and that it is never charged again once removed (376-FZ, I4)."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from services.chassis.errors import DomainError, Kind
from services.payments.domain.acquirer import SavedCard


class PaymentMethodNotFound(DomainError):
    """There is no such card, or it is another's, or it was removed."""

    reason = "PAYMENT_METHOD_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass(slots=True, kw_only=True)
class PaymentMethod:
    """A saved card. `acquirer_method_id` goes to the acquirer only, and is forgotten with the removal."""

    payment_method_id: str
    subscriber_id: str
    brand: str
    last4: str
    expires: str
    saved_at: datetime
    acquirer_method_id: str = field(repr=False)
    issuer_country: str = ""
    removed_at: datetime | None = None
    version: int = 0

    @classmethod
    def saved_by(cls, *, payment_id: str, subscriber_id: str, card: SavedCard, now: datetime) -> Self:
        """Return the card that a payment saved; the id follows from the payment, so that it is saved once."""
        payment_method_id = f"pm_{sha256(payment_id.encode()).hexdigest()[:32]}"
        return cls.kept(payment_method_id=payment_method_id, subscriber_id=subscriber_id, card=card, now=now)

    @classmethod
    def kept(cls, *, payment_method_id: str, subscriber_id: str, card: SavedCard, now: datetime) -> Self:
        """Return a card that the acquirer keeps from now on."""
        return cls(
            payment_method_id=payment_method_id,
            subscriber_id=subscriber_id,
            brand=card.brand,
            last4=card.last4,
            expires=card.expires,
            saved_at=now,
            acquirer_method_id=card.acquirer_method_id,
            issuer_country=card.issuer_country,
        )

    @property
    def is_usable(self) -> bool:
        """Whether it may be charged. Its printed expiry is no stop signal: the acquirer's answer is."""
        return self.removed_at is None

    def remove(self, *, now: datetime) -> None:
        """Forget the acquirer's token. A second time without effect."""
        if self.removed_at is None:
            self.removed_at = now
            self.acquirer_method_id = ""
