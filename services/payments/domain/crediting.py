"""How a captured payment learns that its region credited or refused it, whether by event or by asking."""

from datetime import datetime

from services.payments.domain.payment import Payment, Problem, State
from services.payments.domain.ports import Posting, PostingState
from services.payments.domain.returning import begin_refund

_AGREES = {
    PostingState.POSTED: {State.CAPTURED},
    PostingState.REFUSED: {State.CAPTURED, State.REFUNDING, State.REFUNDED},
}


def credit(payment: Payment, posting: Posting, /, *, now: datetime) -> None:
    """Apply how far the crediting has come; a second time without effect.

    Whatever contradicts the payment's own state (posted after a refund began, refused after it was posted) goes to a
    person: one of two books is wrong.
    """
    told_before = posting.state is PostingState.POSTED and payment.posted_at is not None
    if posting.state is PostingState.REQUESTED or told_before:
        return
    if payment.state not in _AGREES[posting.state]:
        payment.flag(Problem.POSTING_CONTRADICTED)
    elif posting.state is PostingState.POSTED:
        payment.post(posted_at=posting.posted_at or now, service_restored_at=posting.service_restored_at, now=now)
    else:
        begin_refund(payment, refusal_reason=posting.refusal_reason, now=now)
