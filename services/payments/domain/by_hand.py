"""What a person does to a payment that the machine handed over: always with evidence, never a charge."""

from datetime import datetime

from services.payments.domain.evidence import Chargeback, Evidence, Outcome
from services.payments.domain.payment import UNDECIDED, IllegalMove, Payment
from services.payments.domain.problem import Problem


def record_outcome(payment: Payment, outcome: Outcome, /, *, evidence: Evidence, now: datetime) -> None:
    """Settle what was unknown for a day; money that was taken goes on to be credited. Raises IllegalMove otherwise."""
    if payment.needs_person is not Problem.OUTCOME_UNKNOWN or payment.state not in UNDECIDED:
        raise IllegalMove("Only an unknown outcome is settled by hand.", was=payment.state.value)
    payment.evidence.append(evidence)
    payment.solve(Problem.OUTCOME_UNKNOWN)
    if outcome is Outcome.TAKEN:
        payment.capture(captured_at=now, now=now)
        payment.due_at = now
    else:
        payment.decline("settled_by_evidence", now=now)


def close_problem(payment: Payment, /, *, evidence: Evidence) -> None:
    """Note that a flagged payment was dealt with. Its state is left alone, and what is due stays due.

    Books that are not right yet are no matter of a note: those are closed by `record_reversal` alone.
    """
    if payment.needs_person in {None, Problem.REVERSAL_NEEDED}:
        raise IllegalMove("There is no problem that a note would close.", was=payment.state.value)
    payment.evidence.append(evidence)
    payment.solve(payment.needs_person)


def record_chargeback(payment: Payment, chargeback: Chargeback, /) -> None:
    """Keep a dispute and hand it to a person; a second time without effect. No posting is taken back."""
    if all(known.chargeback_id != chargeback.chargeback_id for known in payment.chargebacks):
        payment.chargebacks.append(chargeback)
        payment.flag(Problem.CHARGEBACK)
