"""The right to watch or listen, apart from how it was paid for."""

from dataclasses import dataclass
from datetime import datetime

from services.content.domain.content_order import ContentOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """A right. `ends_at` is None for a purchase, and for a rental until it is first played."""

    entitlement_id: str
    subscriber_id: str
    offering_id: str
    title: str
    granted_at: datetime
    ends_at: datetime | None
    rental_hours: int
    content_order_id: str

    @classmethod
    def by(cls, order: ContentOrder, /, *, now: datetime) -> "Entitlement":
        """Return the one entitlement that an order gives: its id is made of the order's."""
        return cls(
            entitlement_id=f"ent_{order.content_order_id.partition('_')[2]}",
            subscriber_id=order.subscriber_id,
            offering_id=order.offering.offering_id,
            title=order.offering.title,
            granted_at=now,
            ends_at=None,
            rental_hours=order.offering.rental_hours,
            content_order_id=order.content_order_id,
        )
