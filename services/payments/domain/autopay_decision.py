"""Whether an occasion is charged and how much: one pure function, used by the engine, the forecast and the replay of
records."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from services.chassis.money import Money
from services.payments.domain.autopay_amount import (
    AmountTerm,
    Cap,
    Caps,
    Filled,
    FixedSum,
    UpToTarget,
    cut_to_caps,
    wanted,
)
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_trigger import Threshold, Trigger


class Outcome(Enum):
    """What a decision comes to."""

    CHARGE = "charge"
    SKIP = "skip"
    HOLD = "hold"


class Reason(Enum):
    """Why; a record keeps all that applied."""

    DUE_BY_DATE = "DUE_BY_DATE"
    BALANCE_AT_THRESHOLD = "BALANCE_AT_THRESHOLD"
    BALANCE_RECOVERED = "BALANCE_RECOVERED"
    MONEY_UNDER_WAY = "MONEY_UNDER_WAY"
    NOTHING_OWED = "NOTHING_OWED"
    TARGET_REACHED = "TARGET_REACHED"
    MANUAL_PAYMENT_JUST_BEFORE = "MANUAL_PAYMENT_JUST_BEFORE"
    CAPPED_PER_CHARGE = "CAPPED_PER_CHARGE"
    CAPPED_PER_DAY = "CAPPED_PER_DAY"
    CAPPED_PER_MONTH = "CAPPED_PER_MONTH"
    RULE_STOPPED = "RULE_STOPPED"
    RULE_CHANGED = "RULE_CHANGED"
    RULE_PAUSED = "RULE_PAUSED"
    CARD_REMOVED = "CARD_REMOVED"
    ACCOUNT_UNLINKED = "ACCOUNT_UNLINKED"
    ACCOUNT_DISPUTED = "ACCOUNT_DISPUTED"
    PROOF_OUTDATED = "PROOF_OUTDATED"
    ACTION_NOT_ALLOWED = "ACTION_NOT_ALLOWED"
    GRANT_FROZEN = "GRANT_FROZEN"
    MONTHLY_PAY_LIMIT_EXCEEDED = "MONTHLY_PAY_LIMIT_EXCEEDED"
    OLD_MANDATE_ACTIVE = "OLD_MANDATE_ACTIVE"
    TOO_LATE = "TOO_LATE"
    SKIPPED_BY_SUBSCRIBER = "SKIPPED_BY_SUBSCRIBER"
    TOO_MANY_AUTOMATIC_CHARGES = "TOO_MANY_AUTOMATIC_CHARGES"
    HELD_CHARGE_WAITS = "HELD_CHARGE_WAITS"
    HOLD_LAPSED = "HOLD_LAPSED"
    REGION_FROZEN = "REGION_FROZEN"


class Word(Enum):
    """What the subscriber has said about this very occasion."""

    CONFIRM = "confirm"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Everything that a decision is made on, as it was read at that moment. No default: a forgotten ground is a wrong
    charge.

    `account_refusal` is why accounts would not let the subscriber charge for the account just then; `paid_this_month`
    is what other payments have of `monthly_pay_limit`.
    """

    trigger: Trigger
    amount: AmountTerm
    caps: Caps
    rule_version: int
    rule_is_active: bool
    paused_until: datetime | None
    occasion_rule_version: int
    time_zone: str
    due_at: datetime
    account_is_linked: bool
    account_refusal: Reason | None
    monthly_pay_limit: Money | None
    paid_this_month: Money
    old_mandate_active: bool
    payment_method_id: str
    card_is_usable: bool
    balance: Money | None
    balance_as_of: datetime | None
    under_way: Money
    paid_by_hand: Money
    automatic_charges_in_24_h: int
    filled: Filled
    word: Word | None
    held_since: datetime | None
    held_elsewhere: bool
    region_frozen: bool
    limits: Limits
    now: datetime

    @property
    def local_date(self) -> date:
        """The day in the region's calendar."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome, the reasons, and the sum to charge or to ask about, None for a skip."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    amount: Money | None


def decide(grounds: Grounds, /) -> Decision:
    """Decide an occasion. What hangs on a balance is never decided without one: that raises ValueError."""
    obstacles = _obstacles(grounds)
    if obstacles:
        return _skip(*obstacles)
    covered = _covered(grounds)
    if covered is not None:
        return _skip(covered)
    sum_wanted = wanted(grounds.amount, balance=grounds.balance, under_way=grounds.under_way)
    amount, cutting = cut_to_caps(sum_wanted, caps=grounds.caps, filled=grounds.filled)
    caps_met = tuple(_CAPPED[cap] for cap in cutting)
    if not amount.is_positive:
        return _skip(*caps_met)
    if _is_beyond_limit(grounds, amount):
        return _skip(Reason.MONTHLY_PAY_LIMIT_EXCEEDED)
    holds = _holds(grounds)
    return Decision(
        outcome=Outcome.HOLD if holds else Outcome.CHARGE, reasons=(_why(grounds), *caps_met, *holds), amount=amount
    )


_CAPPED = {
    Cap.PER_CHARGE: Reason.CAPPED_PER_CHARGE,
    Cap.PER_DAY: Reason.CAPPED_PER_DAY,
    Cap.PER_MONTH: Reason.CAPPED_PER_MONTH,
}


def _skip(*reasons: Reason) -> Decision:
    return Decision(outcome=Outcome.SKIP, reasons=reasons, amount=None)


def _obstacles(grounds: Grounds) -> tuple[Reason, ...]:
    applies = (
        (Reason.RULE_STOPPED, not grounds.rule_is_active),
        (Reason.RULE_CHANGED, grounds.rule_version != grounds.occasion_rule_version),
        (Reason.RULE_PAUSED, grounds.paused_until is not None and grounds.now < grounds.paused_until),
        (Reason.ACCOUNT_UNLINKED, not grounds.account_is_linked),
        (Reason.MONTHLY_PAY_LIMIT_EXCEEDED, _is_fixed_beyond_limit(grounds)),
        (Reason.CARD_REMOVED, not grounds.card_is_usable),
        (Reason.OLD_MANDATE_ACTIVE, grounds.old_mandate_active),
        (Reason.TOO_LATE, _is_too_late(grounds)),
        (Reason.SKIPPED_BY_SUBSCRIBER, grounds.word is Word.SKIP),
        (Reason.HOLD_LAPSED, _has_lapsed(grounds)),
        (Reason.TOO_MANY_AUTOMATIC_CHARGES, _is_beyond(grounds) and not grounds.limits.holds_beyond),
        (Reason.HELD_CHARGE_WAITS, grounds.held_elsewhere),
    )
    found = [reason for reason, true in applies if true]
    if grounds.account_refusal is not None and grounds.account_refusal not in found:
        found.append(grounds.account_refusal)
    return tuple(found)


def _is_fixed_beyond_limit(grounds: Grounds) -> bool:
    """A sum that is known without a balance is held against the limit whatever else stands in the way."""
    if grounds.monthly_pay_limit is None or not isinstance(grounds.amount, FixedSum):
        return False
    amount, _ = cut_to_caps(grounds.amount.amount, caps=grounds.caps, filled=grounds.filled)
    return _is_beyond_limit(grounds, amount)


def _is_beyond_limit(grounds: Grounds, amount: Money) -> bool:
    """What the owner of the account lets a relative pay holds for autopay as for payments by hand."""
    limit = grounds.monthly_pay_limit
    return limit is not None and grounds.paid_this_month + amount > limit


def _is_too_late(grounds: Grounds) -> bool:
    """A date that was missed by days is not made up for. A threshold asks about now, however late; what was held has
    a time limit of its own, and what was confirmed within it may be as late after that."""
    limits, held_since = grounds.limits, grounds.held_since
    if held_since is not None:
        last_word_at = held_since + limits.hold_lapses_after
        return _outlasts_hold(grounds) and grounds.now - last_word_at > limits.charged_late_at_most
    return not isinstance(grounds.trigger, Threshold) and grounds.now - grounds.due_at > limits.charged_late_at_most


def _has_lapsed(grounds: Grounds) -> bool:
    held_since = grounds.held_since
    if held_since is None or _outlasts_hold(grounds):
        return False
    return grounds.now - held_since >= grounds.limits.hold_lapses_after


def _outlasts_hold(grounds: Grounds) -> bool:
    """A held charge that the subscriber has confirmed (only a word in time is taken) does not lapse as unanswered
    because somebody else was silent then."""
    return grounds.word is Word.CONFIRM and grounds.limits.word_outlasts_hold


def _is_beyond(grounds: Grounds) -> bool:
    return grounds.automatic_charges_in_24_h >= grounds.limits.charges_in_a_day


def _covered(grounds: Grounds) -> Reason | None:
    """Return why nothing is to be paid now, if so: the balance, or what was paid by hand, is enough already."""
    trigger, term = grounds.trigger, grounds.amount
    if isinstance(trigger, Threshold):
        above = _above_minimum(grounds, trigger)
        if above is not None:
            return above
    if not isinstance(term, FixedSum):
        return _nothing_missing(grounds, term)
    by_hand = not isinstance(trigger, Threshold) and grounds.paid_by_hand >= term.amount
    return Reason.MANUAL_PAYMENT_JUST_BEFORE if by_hand else None


def _above_minimum(grounds: Grounds, trigger: Threshold) -> Reason | None:
    if grounds.balance is None or grounds.balance_as_of is None:
        raise ValueError("a threshold is decided on a balance")
    if grounds.balance > trigger.minimum_balance:
        return Reason.BALANCE_RECOVERED
    return Reason.MONEY_UNDER_WAY if grounds.balance + grounds.under_way > trigger.minimum_balance else None


def _nothing_missing(grounds: Grounds, term: AmountTerm) -> Reason | None:
    nothing = Money.zero(grounds.under_way.currency)
    if not wanted(term, balance=grounds.balance, under_way=nothing).is_positive:
        return Reason.TARGET_REACHED if isinstance(term, UpToTarget) else Reason.NOTHING_OWED
    covered = not wanted(term, balance=grounds.balance, under_way=grounds.under_way).is_positive
    return Reason.MONEY_UNDER_WAY if covered else None


def _holds(grounds: Grounds) -> tuple[Reason, ...]:
    """Return what makes a sum that would be charged wait for a person. Only the subscriber's own word lifts the hold
    on their account; a region's freeze is lifted for all at once."""
    applies = (
        (Reason.TOO_MANY_AUTOMATIC_CHARGES, _needs_word(grounds) and grounds.word is not Word.CONFIRM),
        (Reason.REGION_FROZEN, grounds.region_frozen),
    )
    return tuple([reason for reason, true in applies if true])


def _needs_word(grounds: Grounds) -> bool:
    """A subscriber who was asked is waited for, also when the day that made us ask is over."""
    return _is_beyond(grounds) or grounds.held_since is not None


def _why(grounds: Grounds) -> Reason:
    return Reason.BALANCE_AT_THRESHOLD if isinstance(grounds.trigger, Threshold) else Reason.DUE_BY_DATE
