"""What a subscriber may see of payments: their own, and what is offered."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.domain.payment import Payment, PaymentNotFound
from services.payments.domain.ports import PagePosition, PaymentRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPayment:
    """Returns a payment of the subscriber."""

    payments: PaymentRepository

    def __call__(self, *, subscriber_id: str, payment_id: str) -> Payment:
        """Raises PaymentNotFound, alike for an absent and for a foreign one."""
        payment = self.payments.get(payment_id)
        if payment is None or payment.subscriber_id != subscriber_id:
            raise PaymentNotFound("There is no such payment.")
        return payment


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPayments:
    """Lists the subscriber's payments, newest first."""

    payments: PaymentRepository

    def __call__(
        self, *, subscriber_id: str, billing_account_id: str, size: int, after: PagePosition | None
    ) -> tuple[Sequence[Payment], PagePosition | None]:
        """Return a page and where the next one begins, None on the last."""
        rows = self.payments.page(
            subscriber_id=subscriber_id, billing_account_id=billing_account_id, size=size + 1, after=after
        )
        page = rows[:size]
        last = page[-1] if len(rows) > size else None
        return page, PagePosition(at=last.created_at, row_id=last.payment_id) if last else None
