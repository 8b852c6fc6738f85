"""What an operator does with payments that were handed to a person: read, ask again, record what was found out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import FieldInvalid
from services.payments.application.receipts import OpenReceipt
from services.payments.application.repeating import repeating
from services.payments.domain.acquirer import Acquirer, AcquirerPayment
from services.payments.domain.by_hand import close_problem, record_chargeback, record_outcome
from services.payments.domain.evidence import Chargeback, Evidence, Outcome, RefundOutcome
from services.payments.domain.payment import Payment, PaymentNotFound
from services.payments.domain.payment_states import MEANINGS, Turn
from services.payments.domain.ports import PaymentRepository
from services.payments.domain.returning import record_refund, record_reversal

_MOST_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleByHand:
    """The operator's side of payments. Nothing here charges anybody: money is moved by refunds alone."""

    payments: PaymentRepository
    acquirer: Acquirer
    open_receipt: OpenReceipt
    clock: Clock
    timeout_s: float

    def queue(self) -> Sequence[Payment]:
        """Return what waits for a person, the oldest first."""
        return self.payments.needing_person(limit=_MOST_LISTED)

    def payment(self, payment_id: str, /) -> Payment:
        """Return one. Raises PaymentNotFound."""
        payment = self.payments.get(payment_id)
        if payment is None:
            raise PaymentNotFound("There is no such payment.", payment_id=payment_id)
        return payment

    def ask_again(self, payment_id: str, /) -> Payment:
        """Have the dispatcher ask acquirer or region now rather than at its next time."""

        def hurry(payment: Payment) -> None:
            if MEANINGS[payment.state].turn in {Turn.MACHINE, Turn.PAYER}:
                payment.due_at = self.clock.now()

        return self._change(payment_id, hurry)

    def record_outcome(
        self, payment_id: str, outcome: Outcome, /, *, acquirer_payment_id: str, note: str, recorded_by: str
    ) -> Payment:
        """Settle an outcome that was unknown for a day by evidence; the acquirer's id may be empty for a payment that
        has it, and for money that was not taken. Raises PaymentNotFound, IllegalMove, FieldInvalid."""
        evidence = self._evidence("OUTCOME_UNKNOWN", note, recorded_by)
        told = self._told(acquirer_payment_id) if acquirer_payment_id else None

        def record(payment: Payment) -> None:
            record_outcome(payment, outcome, told=told, evidence=evidence, now=self.clock.now())
            if outcome is Outcome.TAKEN:
                self.open_receipt.for_payment(payment)

        return self._change(payment_id, record)

    def record_refund(
        self,
        payment_id: str,
        refund_id: str,
        outcome: RefundOutcome,
        /,
        *,
        acquirer_refund_id: str,
        note: str,
        recorded_by: str,
    ) -> Payment:
        """Settle a refund that was unknown for a day by evidence; what was not made is sent anew by the dispatcher.

        Raises PaymentNotFound, RefundNotFound, IllegalMove.
        """
        evidence = self._evidence(refund_id, note, recorded_by)

        def record(payment: Payment) -> None:
            refund = record_refund(
                payment,
                refund_id,
                outcome,
                acquirer_refund_id=acquirer_refund_id,
                evidence=evidence,
                now=self.clock.now(),
            )
            if outcome is RefundOutcome.MADE:
                self.open_receipt.for_refund(payment, refund)

        return self._change(payment_id, record)

    def record_reversal(self, payment_id: str, refund_id: str, /, *, note: str, recorded_by: str) -> Payment:
        """Note that the region's books no longer show a refund. Raises PaymentNotFound, RefundNotFound."""
        evidence = self._evidence(refund_id, note, recorded_by)
        now = self.clock.now()
        return self._change(payment_id, lambda payment: record_reversal(payment, refund_id, evidence=evidence, now=now))

    def close(self, payment_id: str, /, *, note: str, recorded_by: str) -> Payment:
        """Note that a problem was dealt with. Raises PaymentNotFound, IllegalMove."""
        problem = self.payment(payment_id).needs_person
        evidence = self._evidence(problem.value if problem else "", note, recorded_by)
        return self._change(payment_id, lambda payment: close_problem(payment, evidence=evidence))

    def record_chargeback(self, acquirer_payment_id: str, chargeback: Chargeback, /) -> Payment:
        """Keep a dispute once. Raises PaymentNotFound for an acquirer's id that no payment has."""
        found = self.payments.by_acquirer_payment(acquirer_payment_id)
        if found is None:
            raise PaymentNotFound("There is no such payment.", acquirer_payment_id=acquirer_payment_id)
        return self._change(found.payment_id, lambda payment: record_chargeback(payment, chargeback))

    def _told(self, acquirer_payment_id: str) -> AcquirerPayment:
        told = self.acquirer.get(acquirer_payment_id, timeout_s=self.timeout_s)
        if not isinstance(told, AcquirerPayment):
            raise FieldInvalid(field="acquirer_payment", rule="the acquirer does not show it now")
        return told

    def _change(self, payment_id: str, change: Callable[[Payment], None]) -> Payment:
        def step() -> Payment:
            payment = self.payment(payment_id)
            change(payment)
            self.payments.save(payment)
            return payment

        return repeating(step)

    def _evidence(self, about: str, note: str, recorded_by: str) -> Evidence:
        return Evidence(about=about, note=note, recorded_by=recorded_by, recorded_at=self.clock.now())
