"""What a rule is going to charge within a year, decided date by date by the function that will decide it then.

What cannot be known is assumed and said: the subscriber may pay as now, nobody pays by hand, no old mandate debits the
account, and a sum that follows from the balance is as large as the caps let it be. Then `amount` is None and `at_most`
is the bound: payments does not know what a region will charge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from services.chassis.money import Money
from services.payments.domain.autopay_amount import FixedSum, UpToTarget
from services.payments.domain.autopay_calendar import PastCharge, charges_in_a_day, filled_at
from services.payments.domain.autopay_decision import Decision, Reason, Word, decide
from services.payments.domain.autopay_grounds import Seen, grounds_of
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, Terms
from services.payments.domain.autopay_trigger import Threshold, charge_dates

TWELVE_MONTHS = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCharge:
    """A charge to come. `amount` is None when the sum follows from a balance of then."""

    charge_at: datetime
    local_date: date
    amount: Money | None
    at_most: Money
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCondition:
    """What a threshold rule will charge whenever the balance comes down to its minimum; when, nobody knows."""

    minimum_balance: Money
    amount: Money | None
    at_most: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The charges of a date rule in order of time, or the condition of a threshold rule."""

    charges: tuple[ForecastCharge, ...] = ()
    condition: ForecastCondition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is known of the account today: its card, and what was charged automatically this month and in 24 hours."""

    card_is_usable: bool
    past: Sequence[PastCharge] = ()


def forecast(rule: AutopayRule, outlook: Outlook, /, *, limits: Limits, now: datetime, until: datetime) -> Forecast:
    """Return what the engine will charge before `until` if nothing else happens."""
    trigger = rule.terms.trigger
    if isinstance(trigger, Threshold):
        return Forecast(condition=_condition(rule, trigger, outlook, limits=limits, now=now))
    if rule.next_charge_at is None:
        return Forecast()
    past, charges = list(outlook.past), []
    first = rule.next_charge_at
    dates = charge_dates(trigger, rule_id=rule.autopay_rule_id, time_zone=rule.time_zone, since=first)
    for coming in takewhile(lambda coming: coming.charge_at < until, dates):
        if coming.charge_at < first:
            continue
        word = rule.word_about(coming.period)
        decision = _decided(rule, outlook, past, word=word, limits=limits, now=coming.charge_at)
        if decision.amount is not None:
            past.append(PastCharge(at=coming.charge_at, amount=decision.amount))
            charges.append(_charge(rule.terms, decision, charge_at=coming.charge_at, local_date=coming.local_date))
    return Forecast(charges=tuple(charges))


def _condition(
    rule: AutopayRule, trigger: Threshold, outlook: Outlook, *, limits: Limits, now: datetime
) -> ForecastCondition | None:
    decision = _decided(rule, outlook, [], word=None, limits=limits, now=max(now, rule.paused_until or now))
    if decision.amount is None:
        return None
    is_known = isinstance(rule.terms.amount, FixedSum)
    return ForecastCondition(
        minimum_balance=trigger.minimum_balance,
        amount=decision.amount if is_known else None,
        at_most=decision.amount,
    )


def _charge(terms: Terms, decision: Decision, *, charge_at: datetime, local_date: date) -> ForecastCharge:
    assert decision.amount is not None, "what is skipped is not forecast"
    is_known = isinstance(terms.amount, FixedSum)
    return ForecastCharge(
        charge_at=charge_at,
        local_date=local_date,
        amount=decision.amount if is_known else None,
        at_most=decision.amount,
        reasons=decision.reasons,
    )


def _decided(
    rule: AutopayRule,
    outlook: Outlook,
    past: Sequence[PastCharge],
    *,
    word: Word | None,
    limits: Limits,
    now: datetime,
) -> Decision:
    occasion = AutopayOccasion(
        decision_id=rule.autopay_rule_id,
        autopay_rule_id=rule.autopay_rule_id,
        rule_version=rule.rule_version,
        opened_at=now,
        charge_due_at=now,
        word=word,
    )
    seen = Seen(
        account_is_linked=True,
        account_refusal=None,
        monthly_pay_limit=None,
        paid_this_month=Money.zero(),
        old_mandate_active=False,
        balance=_lowest_that_matters(rule.terms),
        balance_as_of=now,
        under_way=Money.zero(),
        paid_by_hand=Money.zero(),
        card_is_usable=outlook.card_is_usable,
        automatic_charges_in_24_h=charges_in_a_day(past, now=now),
        filled=filled_at(past, now=now, time_zone=rule.time_zone),
        held_elsewhere=False,
        region_frozen=False,
    )
    return decide(grounds_of(rule, occasion, seen, limits=limits, now=now))


def _lowest_that_matters(terms: Terms) -> Money:
    """Return a balance so low that the sum is as large as the cap per charge allows; lower ones change nothing."""
    minimum = terms.trigger.minimum_balance if isinstance(terms.trigger, Threshold) else Money.zero()
    if isinstance(terms.amount, FixedSum):
        return minimum
    goal = terms.amount.target if isinstance(terms.amount, UpToTarget) else Money.zero()
    return min(minimum, goal - (terms.caps.per_charge or Money.zero()))
