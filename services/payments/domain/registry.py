"""What the acquirer's registry and our own books hold of money that moved, in one form that can be held together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.money import Money
from services.payments.domain.payment import Payment, State
from services.payments.domain.refund import RefundState

# The registry and the reports of YooKassa are by days of Moscow.
_ZONE = ZoneInfo("Europe/Moscow")
_HELD = frozenset({State.CAPTURED, State.REFUNDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time from its beginning up to its end, which is no part of it."""

    begins_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, day: date, /) -> "Period":
        """Return a day of the acquirer's registry."""
        return cls(begins_at=_beginning_of(day), ends_at=_beginning_of(day + timedelta(days=1)))

    def holds(self, moment: datetime, /) -> bool:
        return self.begins_at <= moment < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A payment whose money the acquirer has taken. `payment_id` is ours, from its metadata, and may be empty."""

    acquirer_payment_id: str
    payment_id: str
    amount: Money
    refunded: Money
    captured_at: datetime

    @property
    def stands(self) -> bool:
        """Whether some of it was not given back."""
        return self.amount != self.refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRefund:
    """Money that the acquirer has given back. `refund_id` is ours, from its metadata, and may be empty."""

    acquirer_refund_id: str
    acquirer_payment_id: str
    refund_id: str
    amount: Money
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCapture:
    """A payment that we call captured; held while its money is neither credited nor given back."""

    payment_id: str
    acquirer_payment_id: str
    amount: Money
    captured_at: datetime
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRefund:
    """A refund that we call succeeded."""

    payment_id: str
    acquirer_refund_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """How many charges and refunds there are, and what they come to."""

    charges: int = 0
    charged: Money = field(default_factory=Money.zero)
    refunds: int = 0
    refunded: Money = field(default_factory=Money.zero)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Some of the acquirer's registry."""

    charges: Sequence[Charge] = ()
    refunds: Sequence[RegistryRefund] = ()

    @property
    def totals(self) -> Totals:
        return _totals([row.amount for row in self.charges], [row.amount for row in self.refunds])


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBooks:
    """Some of our own books."""

    captures: Sequence[OwnCapture] = ()
    refunds: Sequence[OwnRefund] = ()

    @property
    def totals(self) -> Totals:
        return _totals([row.amount for row in self.captures], [row.amount for row in self.refunds])


def captures_of(payments: Iterable[Payment], /) -> list[OwnCapture]:
    """Return what of these payments we call captured."""
    return [
        OwnCapture(
            payment_id=payment.payment_id,
            acquirer_payment_id=payment.acquirer_payment_id,
            amount=payment.amount,
            captured_at=payment.captured_at,
            is_held=payment.state in _HELD,
        )
        for payment in payments
        if payment.captured_at is not None
    ]


def refunds_of(payments: Iterable[Payment], /, *, within: Period | None = None) -> list[OwnRefund]:
    """Return the refunds of these payments that went through, in a period or whenever it was."""
    return [
        OwnRefund(payment_id=payment.payment_id, acquirer_refund_id=refund.acquirer_refund_id, amount=refund.amount)
        for payment in payments
        for refund in payment.refunds
        if refund.state is RefundState.SUCCEEDED
        and (within is None or (refund.ended_at is not None and within.holds(refund.ended_at)))
    ]


def day_of(moment: datetime, /) -> date:
    """Return the day of the acquirer's registry that a moment belongs to."""
    return moment.astimezone(_ZONE).date()


def _beginning_of(day: date) -> datetime:
    return datetime.combine(day, time.min, _ZONE).astimezone(UTC)


def _totals(charged: Sequence[Money], refunded: Sequence[Money]) -> Totals:
    return Totals(len(charged), sum(charged, start=Money.zero()), len(refunded), sum(refunded, start=Money.zero()))
