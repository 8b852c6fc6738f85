"""Money on its way back: of a payment that no region takes, and of a credited one at an operator's word.

Refunds stand in the payment's document, so that whoever adds one has seen all others: together they never exceed it.
"""

from datetime import datetime, timedelta

from services.chassis.money import Money
from services.payments.domain.events import PaymentRefunded, RefundSucceeded
from services.payments.domain.evidence import Evidence, RefundOutcome
from services.payments.domain.payment import KEY_IS_GOOD_FOR, UNKNOWN_AT_MOST, IllegalMove, Payment, Problem, State
from services.payments.domain.refund import (
    Refund,
    RefundNotFound,
    RefundNotPossible,
    RefundReferenceReused,
    RefundState,
    RefundTooLarge,
)

_CREDITED = frozenset({State.POSTED, State.RETURNING, State.REVERSAL_DUE})


def begin_refund(payment: Payment, /, *, refusal_reason: str, now: datetime) -> None:
    """The region refuses it for good: all of it goes back. A second time without effect."""
    if payment.state in {State.REFUNDING, State.REFUNDED}:
        return
    payment.move_to(State.REFUNDING, now=now)
    payment.refusal_reason = refusal_reason
    _request(payment, payment.amount, reference="posting-refused", reason=refusal_reason, now=now)


def ask_refund(payment: Payment, amount: Money, /, *, reference: str, reason: str, now: datetime) -> Refund:
    """Have a credited payment given back, in part or all of it; a reference has one refund.

    One that accounts will never have posted can only go back whole.
    Raises RefundNotPossible, RefundTooLarge, RefundReferenceReused.
    """
    known = next((refund for refund in payment.refunds if refund.reference == reference), None)
    if known is not None and known.amount != amount:
        raise RefundReferenceReused("This reference has another refund.", reference=reference)
    if known is not None:
        return known
    _check_amount(payment, amount)
    if _is_stuck(payment) and amount == payment.amount:
        payment.move_to(State.REFUNDING, now=now)
        payment.refusal_reason = reason
        payment.solve(Problem.POSTING_IMPOSSIBLE)
    elif payment.state in _CREDITED:
        payment.stay_or_move(State.RETURNING, now=now)
    else:
        raise RefundNotPossible("Only a credited payment is given back by hand.", state=payment.state.value)
    return _request(payment, amount, reference=reference, reason=reason, now=now)


def begin_sending(payment: Payment, /, *, now: datetime, grace: timedelta) -> None:
    """Note that the pending refund is about to be sent for the first time; to be saved before it is. After `grace`
    somebody else looks for it."""
    _pending(payment).sent_at = now
    payment.due_at = now + grace


def may_send(refund: Refund, /, *, now: datetime) -> bool:
    """Say whether sending it, for the first time or again, can only ever be the same refund."""
    return refund.sent_at is None or now - refund.sent_at < KEY_IS_GOOD_FOR


def finish_refund(payment: Payment, /, *, acquirer_refund_id: str, now: datetime) -> None:
    """The pending refund went through; after the last one a person puts right what the region's books show."""
    refund = _pending(payment)
    refund.succeed(acquirer_refund_id=acquirer_refund_id, now=now)
    if payment.state is State.REFUNDING:
        payment.move_to(State.REFUNDED, now=now)
        payment.pending_events.append(
            PaymentRefunded(
                payment_id=payment.payment_id,
                billing_account_id=payment.billing_account_id,
                amount=refund.amount,
                refunded_at=now,
            )
        )
        return
    payment.pending_events.append(
        RefundSucceeded(
            payment_id=payment.payment_id,
            refund_id=refund.refund_id,
            billing_account_id=payment.billing_account_id,
            amount=refund.amount,
            refunded_at=now,
        )
    )
    _go_on(payment, now=now)


def fail_refund(payment: Payment, /, *, now: datetime) -> None:
    """The acquirer will not do it: a person has to. One that no region takes stays under way."""
    payment.flag(Problem.REFUND_IMPOSSIBLE)
    if payment.state is State.RETURNING:
        _pending(payment).fail(now=now)
        _go_on(payment, now=now)


def record_refund(
    payment: Payment,
    refund_id: str,
    outcome: RefundOutcome,
    /,
    *,
    acquirer_refund_id: str,
    evidence: Evidence,
    now: datetime,
) -> Refund:
    """Settle a refund that was sent a day ago or earlier and is not decided yet; return the one that stands.

    What was not made is requested anew, as another refund with a key of its own: under the old key nothing is sent any
    more. Raises RefundNotFound, IllegalMove.
    """
    refund = next((refund for refund in payment.refunds if refund.refund_id == refund_id), None)
    if refund is None:
        raise RefundNotFound("There is no such refund.", refund_id=refund_id)
    if refund is not payment.pending_refund or refund.sent_at is None or now - refund.sent_at < UNKNOWN_AT_MOST:
        raise IllegalMove("Only a refund that is unknown for a day is settled by hand.", was=refund.state.value)
    if outcome is RefundOutcome.MADE and not acquirer_refund_id:
        raise IllegalMove("A refund that was made has an id at the acquirer.", was=refund.state.value)
    payment.evidence.append(evidence)
    payment.solve(Problem.REFUND_IMPOSSIBLE)
    if outcome is RefundOutcome.MADE:
        finish_refund(payment, acquirer_refund_id=acquirer_refund_id, now=now)
        return refund
    refund.fail(now=now)
    payment.asked = 0
    return _request(payment, refund.amount, reference=refund.reference, reason=refund.reason, now=now)


def record_reversal(payment: Payment, refund_id: str, /, *, evidence: Evidence, now: datetime) -> None:
    """A person saw that the region's books no longer show a refund. A second time without effect.

    Raises RefundNotFound.
    """
    refund = next((refund for refund in payment.refunds if refund.refund_id == refund_id), None)
    if refund is None or refund.state is not RefundState.SUCCEEDED or payment.posted_at is None:
        raise RefundNotFound("There is nothing to reverse.", refund_id=refund_id)
    if refund.reversed_at is not None:
        return
    refund.reversed_at = now
    payment.evidence.append(evidence)
    if payment.state is State.REVERSAL_DUE and not _awaits_reversal(payment):
        payment.move_to(State.REFUNDED if payment.refunded == payment.amount else State.POSTED, now=now)
        payment.solve(Problem.REVERSAL_NEEDED)


def _request(payment: Payment, amount: Money, *, reference: str, reason: str, now: datetime) -> Refund:
    refund = Refund(
        refund_id=f"{payment.payment_id}:refund:{len(payment.refunds) + 1}",
        amount=amount,
        reference=reference,
        reason=reason,
        requested_at=now,
    )
    payment.refunds.append(refund)
    payment.due_at = now
    return refund


def _check_amount(payment: Payment, amount: Money) -> None:
    left = payment.refundable
    if not amount.is_positive or amount > left:
        raise RefundTooLarge(f"At most {left.amount_minor} kopecks are left.", left_minor=str(left.amount_minor))


def _is_stuck(payment: Payment) -> bool:
    return payment.state is State.CAPTURED and payment.needs_person is Problem.POSTING_IMPOSSIBLE


def _pending(payment: Payment) -> Refund:
    refund = payment.pending_refund
    if refund is None or payment.state not in {State.REFUNDING, State.RETURNING}:
        raise IllegalMove("No refund is on its way.", was=payment.state.value)
    return refund


def _go_on(payment: Payment, *, now: datetime) -> None:
    """With the next refund, or out of RETURNING when there is none."""
    if payment.pending_refund is not None:
        payment.asked, payment.due_at = 0, now
    elif _awaits_reversal(payment):
        payment.move_to(State.REVERSAL_DUE, now=now)
        payment.flag(Problem.REVERSAL_NEEDED)
    else:
        payment.move_to(State.POSTED, now=now)


def _awaits_reversal(payment: Payment) -> bool:
    return any(refund.awaits_reversal for refund in payment.refunds)
