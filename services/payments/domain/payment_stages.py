"""A payment as its subscriber watches it: steps that are reached and steps that are awaited."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain.payment import Payment
from services.payments.domain.payment_states import State
from services.payments.domain.refund import RefundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step as a subscriber sees it; `reached_at` is None while it is awaited."""

    stage: str
    reached_at: datetime | None


def stages_of(payment: Payment, /) -> list[Stage]:
    """Return what is reached and what is awaited, in order."""
    created = Stage(stage="created", reached_at=payment.created_at)
    if payment.state is State.DECLINED:
        return [created, Stage(stage="declined", reached_at=payment.reached(State.DECLINED))]
    taken = Stage(stage="taken", reached_at=payment.reached(State.CAPTURED))
    return [created, taken, *_receipt(payment), *_credited(payment), *_refunded(payment)]


def _receipt(payment: Payment) -> list[Stage]:
    return [Stage(stage="receipt", reached_at=payment.receipt_at)] if payment.receipt_expected else []


def _credited(payment: Payment) -> list[Stage]:
    if payment.refusal_reason:
        return []
    credited = Stage(stage="credited", reached_at=payment.posted_at)
    if payment.service_restored_at is None:
        return [credited]
    return [credited, Stage(stage="service_restored", reached_at=payment.service_restored_at)]


def _refunded(payment: Payment) -> list[Stage]:
    """One step for all refunds: awaited while any is on its way, reached with the last that went through."""
    if any(refund.state is RefundState.REQUESTED for refund in payment.refunds):
        return [Stage(stage="refunded", reached_at=None)]
    ended = [refund.ended_at for refund in payment.refunds if refund.state is RefundState.SUCCEEDED]
    return [Stage(stage="refunded", reached_at=ended[-1])] if ended else []
