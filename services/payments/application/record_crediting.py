"""What accounts tells about the crediting of captured payments, recorded."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.payments.application.charging import log_problem
from services.payments.application.repeating import repeating
from services.payments.domain.crediting import credit
from services.payments.domain.payment import PaymentNotFound, Problem
from services.payments.domain.ports import PaymentRepository, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCrediting:
    """Records that a region credited a payment, or refuses it for good."""

    payments: PaymentRepository
    clock: Clock

    def __call__(self, *, payment_id: str, amount: Money, posting: Posting) -> None:
        """Record it once. Another sum than ours goes to a person. Raises PaymentNotFound."""
        repeating(lambda: self._record(payment_id, amount, posting))

    def _record(self, payment_id: str, amount: Money, posting: Posting) -> None:
        payment = self.payments.get(payment_id)
        if payment is None:
            raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
        state, problems = payment.state, payment.problems
        if amount == payment.amount:
            credit(payment, posting, now=self.clock.now())
        else:
            payment.flag(Problem.AMOUNT_DIFFERS)
        if (payment.state, payment.problems) != (state, problems):
            self.payments.save(payment)
            log_problem(payment)
