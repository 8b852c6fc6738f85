"""Whether an occasion is charged: one pure function, used by the engine, the forecast and the replay of records."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.money import Money
from services.payments.domain.autopay_trigger import Threshold, Trigger

CHARGES_IN_A_DAY = 2
CHARGED_LATE_AT_MOST = timedelta(days=3)


class Outcome(Enum):
    """What a decision comes to."""

    CHARGE = "charge"
    SKIP = "skip"


class Reason(Enum):
    """Why; a record keeps all that applied."""

    DUE_BY_DATE = "DUE_BY_DATE"
    BALANCE_AT_THRESHOLD = "BALANCE_AT_THRESHOLD"
    BALANCE_RECOVERED = "BALANCE_RECOVERED"
    MONEY_UNDER_WAY = "MONEY_UNDER_WAY"
    RULE_STOPPED = "RULE_STOPPED"
    RULE_CHANGED = "RULE_CHANGED"
    CARD_REMOVED = "CARD_REMOVED"
    ACCOUNT_UNLINKED = "ACCOUNT_UNLINKED"
    ACCOUNT_DISPUTED = "ACCOUNT_DISPUTED"
    PROOF_OUTDATED = "PROOF_OUTDATED"
    ACTION_NOT_ALLOWED = "ACTION_NOT_ALLOWED"
    GRANT_FROZEN = "GRANT_FROZEN"
    MONTHLY_PAY_LIMIT_EXCEEDED = "MONTHLY_PAY_LIMIT_EXCEEDED"
    TOO_LATE = "TOO_LATE"
    TOO_MANY_AUTOMATIC_CHARGES = "TOO_MANY_AUTOMATIC_CHARGES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Everything that a decision is made on, as it was read at that moment. No default: a forgotten ground is a wrong
    charge.

    `account_refusal` is why accounts would not let the subscriber charge for the account just then.
    """

    trigger: Trigger
    amount: Money
    rule_version: int
    rule_is_active: bool
    occasion_rule_version: int
    due_at: datetime
    account_is_linked: bool
    account_refusal: Reason | None
    monthly_pay_limit: Money | None
    paid_this_month: Money
    card_is_usable: bool
    balance: Money | None
    balance_as_of: datetime | None
    under_way: Money
    automatic_charges_in_24_h: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome, the reasons, and the sum to charge, None for a skip."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    amount: Money | None


def decide(grounds: Grounds, /) -> Decision:
    """Decide an occasion. A threshold is never decided without a balance: that raises ValueError."""
    obstacles = _obstacles(grounds)
    if obstacles:
        return Decision(outcome=Outcome.SKIP, reasons=obstacles, amount=None)
    trigger = grounds.trigger
    if not isinstance(trigger, Threshold):
        return Decision(outcome=Outcome.CHARGE, reasons=(Reason.DUE_BY_DATE,), amount=grounds.amount)
    return _decide_by_balance(grounds, trigger)


def _obstacles(grounds: Grounds) -> tuple[Reason, ...]:
    applies = {
        Reason.RULE_STOPPED: not grounds.rule_is_active,
        Reason.RULE_CHANGED: grounds.rule_version != grounds.occasion_rule_version,
        Reason.ACCOUNT_UNLINKED: not grounds.account_is_linked,
        Reason.MONTHLY_PAY_LIMIT_EXCEEDED: _is_beyond_limit(grounds),
        Reason.CARD_REMOVED: not grounds.card_is_usable,
        Reason.TOO_LATE: _is_too_late(grounds),
        Reason.TOO_MANY_AUTOMATIC_CHARGES: grounds.automatic_charges_in_24_h >= CHARGES_IN_A_DAY,
    }
    if grounds.account_refusal is not None:
        applies[grounds.account_refusal] = True
    return tuple(reason for reason, true in applies.items() if true)


def _is_beyond_limit(grounds: Grounds) -> bool:
    """What the owner of the account lets a relative pay holds for autopay as for payments by hand."""
    limit = grounds.monthly_pay_limit
    return limit is not None and grounds.paid_this_month + grounds.amount > limit


def _is_too_late(grounds: Grounds) -> bool:
    """A date that was missed by days is not made up for. A threshold asks about now, however late."""
    return not isinstance(grounds.trigger, Threshold) and grounds.now - grounds.due_at > CHARGED_LATE_AT_MOST


def _decide_by_balance(grounds: Grounds, trigger: Threshold) -> Decision:
    if grounds.balance is None or grounds.balance_as_of is None:
        raise ValueError("a threshold is decided on a balance")
    if grounds.balance > trigger.minimum_balance:
        return Decision(outcome=Outcome.SKIP, reasons=(Reason.BALANCE_RECOVERED,), amount=None)
    if grounds.balance + grounds.under_way > trigger.minimum_balance:
        return Decision(outcome=Outcome.SKIP, reasons=(Reason.MONEY_UNDER_WAY,), amount=None)
    return Decision(outcome=Outcome.CHARGE, reasons=(Reason.BALANCE_AT_THRESHOLD,), amount=grounds.amount)
