"""Giving a payment back at an operator's word; the money itself is moved by the dispatcher."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.payments.application.repeating import repeating
from services.payments.domain.payment import Payment, PaymentNotFound
from services.payments.domain.ports import PaymentRepository
from services.payments.domain.returning import ask_refund

_TRIES = 100  # operators and dispatchers may all be at one payment at once


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayment:
    """Requests a refund once per (payment, reference); of any number at once none exceeds what was taken."""

    payments: PaymentRepository
    clock: Clock

    def __call__(self, *, payment_id: str, amount_minor: int, reference: str, reason: str) -> Payment:
        """Return the payment with the refund, new or known.

        Raises PaymentNotFound, RefundNotPossible, RefundTooLarge, RefundReferenceReused.
        """
        return repeating(lambda: self._ask(payment_id, amount_minor, reference, reason), tries=_TRIES)

    def _ask(self, payment_id: str, amount_minor: int, reference: str, reason: str) -> Payment:
        payment = self.payments.get(payment_id)
        if payment is None:
            raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
        known = len(payment.refunds)
        amount = Money(amount_minor, payment.amount.currency)
        ask_refund(payment, amount, reference=reference, reason=reason, now=self.clock.now())
        if len(payment.refunds) > known:
            self.payments.save(payment)
        return payment
