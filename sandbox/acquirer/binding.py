"""A card that is bound without a payment: its states and what may happen to it; no wire, no storage, no clock."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from sandbox.acquirer.cards import SUCCESS
from sandbox.acquirer.payment import Card


class BindingStatus(StrEnum):
    """The life of a bound card, in YooKassa's words."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Binding(BaseModel):
    """One binding of the shop. `outcome` is decided and not yet told while the 3-D Secure code is awaited."""

    payment_method_id: str
    created_at: datetime
    expires_at: datetime
    return_url: str
    metadata: dict[str, str] = {}
    status: BindingStatus = BindingStatus.PENDING
    card: Card | None = None
    outcome: str | None = None

    def awaits_payer(self) -> bool:
        """Whether a payer may still type a card."""
        return self.status is BindingStatus.PENDING and self.outcome is None

    def settle(self, outcome: str, /) -> None:
        """Apply what the issuer said; a second time without effect."""
        if self.status is BindingStatus.PENDING:
            self.outcome = None
            self.status = BindingStatus.ACTIVE if outcome == SUCCESS else BindingStatus.INACTIVE
