"""What a subscriber pays to an account in a month with a limit: sums set aside before their payments are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.payment import State

# A sum is set aside within the very step that then saves its payment. If none is there after this, that step has died.
NEVER_CAME_AFTER = timedelta(hours=1)

_GIVES_BACK = frozenset({State.DECLINED, State.REFUNDED})


class MonthlyPayLimitExceeded(DomainError):
    """The payment would go beyond what the owner of the account lets this subscriber pay in a month (F08)."""

    reason = "MONTHLY_PAY_LIMIT_EXCEEDED"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self, *, limit: Money, spent: Money) -> None:
        sums = {"limit": limit, "spent": spent, "left": max(limit - spent, Money.zero(limit.currency))}
        super().__init__(
            f"Of {_roubles(limit)} a month {_roubles(sums['left'])} are left.",
            **{f"{name}_roubles": _roubles(money) for name, money in sums.items()},
            **{f"{name}_minor": str(money.amount_minor) for name, money in sums.items()},
        )
        self.spent = spent


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A sum that a payment was or will be made of."""

    amount: Money
    at: datetime


@dataclass(slots=True, kw_only=True)
class PayMonth:
    """A month of the region's calendar. What is set aside counts until its payment is known to have come to nothing."""

    pay_month_id: str
    set_aside: dict[str, SetAside] = field(default_factory=dict)
    version: int = 0

    def reserve(self, payment_id: str, amount: Money, /, *, limit: Money, now: datetime) -> bool:
        """Set a sum aside; say whether that was news. Once per payment id: another sum, of a charge that is decided
        anew, takes the place of the first. Raises MonthlyPayLimitExceeded."""
        known = self.set_aside.get(payment_id)
        if known is not None and known.amount == amount:
            return False
        spent = self.spent(besides=payment_id, currency=limit.currency)
        if spent + amount > limit:
            raise MonthlyPayLimitExceeded(limit=limit, spent=spent)
        self.set_aside[payment_id] = SetAside(amount=amount, at=now)
        return True

    def give_back(self, payment_id: str, /) -> bool:
        """Free what was set aside for a payment that is not made; say whether there was anything."""
        return self.set_aside.pop(payment_id, None) is not None

    def forget_what_came_to_nothing(self, states: Mapping[str, State], /, *, now: datetime) -> None:
        """Free what was declined or refunded, and what was set aside long ago for a payment that was never made.

        `states` are those of all payments of this month that exist.
        """
        for payment_id, aside in list(self.set_aside.items()):
            state = states.get(payment_id)
            if state in _GIVES_BACK or (state is None and now - aside.at >= NEVER_CAME_AFTER):
                del self.set_aside[payment_id]

    def spent(self, *, besides: str, currency: str) -> Money:
        """Return the sum that is set aside for other payments."""
        others = (aside.amount for payment_id, aside in self.set_aside.items() if payment_id != besides)
        return sum(others, start=Money.zero(currency))


def pay_month_id(billing_account_id: str, /, *, time_zone: str, now: datetime) -> str:
    """Return the id of the month that it is in the region: `acc_…:2026-11`."""
    return f"{billing_account_id}:{now.astimezone(ZoneInfo(time_zone)):%Y-%m}"


def _roubles(money: Money) -> str:
    roubles, kopecks = divmod(money.amount_minor, 100)
    return f"{roubles}.{kopecks:02}" if kopecks else str(roubles)
