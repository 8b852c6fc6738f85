"""A fiscal receipt (54-FZ) that the shop has asked for: its states; no wire, no storage, no clock."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel


class ReceiptStatus(StrEnum):
    """Its life, in YooKassa's words."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Receipt(BaseModel):
    """A receipt of a payment or of a refund. The customer's address is not kept."""

    receipt_id: str
    created_at: datetime
    kind: str
    payment_id: str
    refund_id: str | None
    amount_minor: int
    currency: str
    items: list[dict[str, Any]]
    settlements: list[dict[str, Any]]
    tax_system_code: int | None
    sent_to: str
    outcome: ReceiptStatus = ReceiptStatus.SUCCEEDED
    resolve_at: float | None
    status: ReceiptStatus = ReceiptStatus.PENDING
    registered_at: datetime | None = None

    def resolve(self, *, now: datetime) -> None:
        """Tell what was decided; a second time without effect."""
        if self.status is ReceiptStatus.PENDING:
            self.status, self.resolve_at = self.outcome, None
            self.registered_at = now if self.outcome is ReceiptStatus.SUCCEEDED else None
