"""The one function by which a payment learns what became of it, whoever asked: request, webhook, poll or janitor."""

from datetime import datetime

from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    AcquirerRefund,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    Silence,
    Status,
)
from services.payments.domain.backoff import Backoff
from services.payments.domain.payment import UNDECIDED, Payment, Problem, State
from services.payments.domain.returning import fail_refund, finish_refund


def settle(payment: Payment, answer: PaymentAnswer, /, *, now: datetime, backoff: Backoff) -> None:
    """Apply what the acquirer answered about the charge, and plan the next question if it is still undecided.

    Silence decides nothing. A refusal decides only what was never sent before: for a repeated charge it says nothing
    about the first one. A sum or a payment that is not ours goes to a person, and no state is guessed.
    """
    if payment.state not in UNDECIDED:
        return
    match answer:
        case AcquirerPayment():
            _believe(payment, answer, now=now)
        case Refused(code=code) if payment.state is State.CREATED:
            payment.decline(code, now=now)
        case Silence() if payment.state is State.CREATED:
            payment.lose_track(now=now)
    payment.try_again(now=now, backoff=backoff)


def settle_refund(payment: Payment, answer: RefundAnswer, /, *, now: datetime, backoff: Backoff) -> None:
    """Apply what the acquirer answered about the pending refund. Only a told refund, or a refusal of it, decides.

    Absent is what it answers when the refund's key is too old to repeat it: whether it was made, a person finds out.
    """
    refund = payment.pending_refund
    if refund is None:
        return
    match answer:
        case AcquirerRefund(amount=amount) if amount != refund.amount:
            payment.flag(Problem.AMOUNT_DIFFERS)
        case AcquirerRefund(status=Status.SUCCEEDED):
            finish_refund(payment, acquirer_refund_id=answer.acquirer_refund_id, now=now)
        case AcquirerRefund(status=Status.CANCELED) | Refused():
            fail_refund(payment, now=now)
        case Absent():
            payment.flag(Problem.REFUND_IMPOSSIBLE)
    if payment.pending_refund is refund:
        payment.try_again(now=now, backoff=backoff)


def _believe(payment: Payment, told: AcquirerPayment, *, now: datetime) -> None:
    if told.payment_id != payment.payment_id or _is_another(payment, told):
        payment.flag(Problem.ANOTHER_PAYMENT)
        return
    payment.acquirer_payment_id = told.acquirer_payment_id
    if told.amount != payment.amount:
        payment.flag(Problem.AMOUNT_DIFFERS)
        if payment.state is State.CREATED:
            payment.lose_track(now=now)
        return
    match told.status:
        case Status.SUCCEEDED:
            payment.capture(captured_at=told.captured_at or now, now=now)
        case Status.CANCELED:
            payment.decline(told.decline_reason or "canceled", now=now)
        case Status.PENDING if told.confirmation_url:
            payment.await_confirmation(url=told.confirmation_url, now=now)
        case Status.PENDING:
            payment.lose_track(now=now)  # nobody is asked to confirm: the bank itself is not decided yet


def _is_another(payment: Payment, told: AcquirerPayment) -> bool:
    return payment.acquirer_payment_id not in {"", told.acquirer_payment_id}
