"""Giving money back: a part of its payment's document, so that refunds can never exceed what was taken."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money


class RefundNotPossible(DomainError):
    """Nothing of this payment can be given back in its state."""

    reason = "REFUND_NOT_POSSIBLE"
    kind = Kind.FAILED_PRECONDITION


class RefundTooLarge(DomainError):
    """All refunds together would be more than was taken."""

    reason = "REFUND_TOO_LARGE"
    kind = Kind.FAILED_PRECONDITION


class RefundReferenceReused(DomainError):
    """The same reference came with another sum."""

    reason = "REFUND_REFERENCE_REUSED"
    kind = Kind.ALREADY_EXISTS


class RefundNotFound(DomainError):
    """The payment has no such refund, or there is nothing to reverse in it."""

    reason = "REFUND_NOT_FOUND"
    kind = Kind.NOT_FOUND


class RefundState(Enum):
    """How far a refund is. What was requested counts against the payment until the acquirer has refused it."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Refund:
    """Some or all of a payment on its way back. `refund_id` is the Idempotence-Key of the one refund it can ever be.

    `sent_at` is when it was about to be sent for the first time; None says that the acquirer cannot know it.
    """

    refund_id: str
    amount: Money
    reference: str
    reason: str
    requested_at: datetime
    sent_at: datetime | None = None
    state: RefundState = RefundState.REQUESTED
    acquirer_refund_id: str = ""
    ended_at: datetime | None = None
    reversed_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it is, or may become, money given back."""
        return self.state is not RefundState.FAILED

    @property
    def awaits_reversal(self) -> bool:
        return self.state is RefundState.SUCCEEDED and self.reversed_at is None

    def succeed(self, *, acquirer_refund_id: str, now: datetime) -> None:
        """The money went back."""
        self.state, self.acquirer_refund_id, self.ended_at = RefundState.SUCCEEDED, acquirer_refund_id, now

    def fail(self, *, now: datetime) -> None:
        """The acquirer will not do it."""
        self.state, self.ended_at = RefundState.FAILED, now


def total(refunds: list[Refund], /, *, currency: str) -> Money:
    """Return the sum of refunds."""
    return sum((refund.amount for refund in refunds), start=Money.zero(currency))
