"""Taking the acquirer's hint that something changed: it makes something due and decides nothing."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.domain.ports import CardBindingRepository, PaymentRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteNotification:
    """Makes the payment, or the card being bound, with that acquirer id due now; whether there is one is not said."""

    payments: PaymentRepository
    bindings: CardBindingRepository
    clock: Clock

    def __call__(self, *, acquirer_payment_id: str) -> None:
        """Do it. The dispatcher then asks the acquirer: what the notification claims is not even looked at."""
        if acquirer_payment_id:
            now = self.clock.now()
            if not self.payments.hurry(acquirer_payment_id=acquirer_payment_id, now=now):
                self.bindings.hurry(acquirer_method_id=acquirer_payment_id, now=now)
