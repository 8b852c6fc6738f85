"""What a person does to a payment that the machine handed over: always with evidence, never a charge."""

from datetime import datetime

from services.chassis.errors import FieldInvalid
from services.payments.domain.acquirer import AcquirerPayment, Status
from services.payments.domain.evidence import Chargeback, Evidence, Outcome
from services.payments.domain.payment import UNDECIDED, IllegalMove, Payment, State
from services.payments.domain.problem import Problem

_BOOKS_NOT_RIGHT = frozenset({State.RETURNING, State.REVERSAL_DUE})


def record_outcome(
    payment: Payment, outcome: Outcome, /, *, told: AcquirerPayment | None, evidence: Evidence, now: datetime
) -> None:
    """Settle what was unknown for a day; money that was taken goes on to be credited. `told` is what the acquirer shows
    under the id that the person has named. Raises IllegalMove, FieldInvalid."""
    if payment.needs_person is not Problem.OUTCOME_UNKNOWN or payment.state not in UNDECIDED:
        raise IllegalMove("Only an unknown outcome is settled by hand.", was=payment.state.value)
    _check_told(payment, outcome, told)
    if told is not None:
        payment.acquirer_payment_id = told.acquirer_payment_id
    payment.evidence.append(evidence)
    payment.solve(Problem.OUTCOME_UNKNOWN)
    if outcome is Outcome.TAKEN:
        payment.capture(captured_at=now, now=now)
        payment.due_at = now
    else:
        payment.decline("settled_by_evidence", now=now)


def _check_told(payment: Payment, outcome: Outcome, told: AcquirerPayment | None) -> None:
    """What was taken has its id at the acquirer: without it, it could neither be given back nor have its receipt."""
    if told is None:
        if outcome is Outcome.TAKEN and not payment.acquirer_payment_id:
            raise FieldInvalid(field="acquirer_payment", rule="what was taken is named by the acquirer's id")
    elif outcome is not Outcome.TAKEN:
        raise FieldInvalid(field="acquirer_payment", rule="goes with what was taken only")
    elif (told.payment_id, told.amount, told.status) != (payment.payment_id, payment.amount, Status.SUCCEEDED):
        raise FieldInvalid(field="acquirer_payment", rule="the acquirer does not show this payment, paid, over its sum")
    elif payment.acquirer_payment_id not in {"", told.acquirer_payment_id}:
        raise FieldInvalid(field="acquirer_payment", rule="the payment has another id at the acquirer")


def close_problem(payment: Payment, /, *, evidence: Evidence) -> None:
    """Note that the first problem of a flagged payment was dealt with. Its state is left alone, and what is due stays
    due.

    Books that are not right yet are no matter of a note: those are closed by `record_reversal` alone, and also a
    payment of before they were flagged beside another problem waits for that from now on.
    """
    problem = payment.needs_person
    if problem is None or (problem is Problem.REVERSAL_NEEDED and payment.state in _BOOKS_NOT_RIGHT):
        raise IllegalMove("There is no problem that a note would close.", was=payment.state.value)
    payment.evidence.append(evidence)
    payment.solve(problem)
    if payment.state is State.REVERSAL_DUE:
        payment.flag(Problem.REVERSAL_NEEDED)


def record_chargeback(payment: Payment, chargeback: Chargeback, /) -> None:
    """Keep a dispute and hand it to a person; a second time without effect. No posting is taken back."""
    if all(known.chargeback_id != chargeback.chargeback_id for known in payment.chargebacks):
        payment.chargebacks.append(chargeback)
        payment.flag(Problem.CHARGEBACK)
