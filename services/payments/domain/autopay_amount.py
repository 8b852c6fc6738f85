"""How much a rule charges: a fixed sum, the debt, or up to a target, and never beyond its caps. Sums only: when, and
whether at all, is decided elsewhere."""

from dataclasses import dataclass
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money


class CapMissing(DomainError):
    """A sum that the subscriber cannot know beforehand needs a largest one that they agreed to."""

    reason = "CAP_MISSING"
    kind = Kind.INVALID


class TargetNotAboveMinimum(DomainError):
    """A balance that is to be reached (zero, for a debt) lies above the one at which the rule charges: at the threshold
    there would be nothing to charge, and its episode would be spent."""

    reason = "TARGET_NOT_ABOVE_MINIMUM"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class FixedSum:
    """The same sum each time, whatever the balance."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed: as much as the balance is below zero."""


@dataclass(frozen=True, slots=True)
class UpToTarget:
    """What is missing to a balance."""

    target: Money


AmountTerm = FixedSum | Debt | UpToTarget


class Cap(Enum):
    """The kinds of a cap."""

    PER_CHARGE = "per_charge"
    PER_DAY = "per_day"
    PER_MONTH = "per_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be charged at once, in a day and in a month of the region's calendar. None is no cap."""

    per_charge: Money | None = None
    per_day: Money | None = None
    per_month: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What all rules of the account, former ones too, have charged in the current local day and month."""

    today: Money
    this_month: Money


NOTHING_FILLED = Filled(today=Money.zero(), this_month=Money.zero())


def wanted(term: AmountTerm, /, *, balance: Money | None, under_way: Money) -> Money:
    """Return the sum that the terms ask for before any cap; zero or less when there is nothing to pay.

    Money under way counts as balance. Raises ValueError when the sum follows from a balance and there is none.
    """
    if isinstance(term, FixedSum):
        return term.amount
    if balance is None:
        raise ValueError("a sum that follows from the balance is decided on a balance")
    goal = term.target if isinstance(term, UpToTarget) else Money.zero(balance.currency)
    return goal - (balance + under_way)


def cut_to_caps(sum_wanted: Money, /, *, caps: Caps, filled: Filled) -> tuple[Money, tuple[Cap, ...]]:
    """Return what may be charged of a sum, zero when nothing may, and the caps that are below the sum."""
    room = _room(caps, filled)
    cutting = tuple([cap for cap, left in room if left < sum_wanted])
    left = min([sum_wanted, *[left for _, left in room]])
    return max(left, Money.zero(sum_wanted.currency)), cutting


def check_amount_terms(term: AmountTerm, /, *, caps: Caps, minimum_balance: Money | None) -> None:
    """Raise CapMissing, TargetNotAboveMinimum for terms that nobody should agree to."""
    if isinstance(term, FixedSum):
        return
    if caps.per_charge is None:
        raise CapMissing("Say how much may be charged at once at most.")
    goal = term.target if isinstance(term, UpToTarget) else Money.zero(caps.per_charge.currency)
    if minimum_balance is not None and goal <= minimum_balance:
        raise TargetNotAboveMinimum("The balance to reach must be above the minimum balance.")


def _room(caps: Caps, filled: Filled) -> list[tuple[Cap, Money]]:
    room = []
    if caps.per_charge is not None:
        room.append((Cap.PER_CHARGE, caps.per_charge))
    if caps.per_day is not None:
        room.append((Cap.PER_DAY, caps.per_day - filled.today))
    if caps.per_month is not None:
        room.append((Cap.PER_MONTH, caps.per_month - filled.this_month))
    return room
