"""The facts that content tells others; their contracts are in protos/events/content/."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.chassis.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentOrdered:
    """An order is billed and its entitlement given."""

    name: ClassVar[str] = "content.content_ordered.v1"

    content_order_id: str
    billing_account_id: str
    offering_id: str
    price: Money
    ordered_at: datetime
