"""What a rule is going to charge within a year, and what it has decided so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.payments.application.autopay_rules import GetAutopayRule
from services.payments.domain.autopay_decision import Grounds, decide
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.autopay_trigger import ChargeDate, Threshold, charge_dates
from services.payments.domain.ports import AutopayOccasionRepository, PagePosition, PaymentMethodRepository

_HORIZON = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCharge:
    """A charge to come."""

    charge_at: datetime
    local_date: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastAutopayRule:
    """Says when a rule will charge in the next 12 months, by the very function that decides."""

    get_rule: GetAutopayRule
    methods: PaymentMethodRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str) -> list[ForecastCharge]:
        """Return the charges in order of time; none for a threshold, which has no dates, or a stopped rule."""
        rule = self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
        method = self.methods.get(rule.terms.payment_method_id)
        usable = method is not None and method.is_usable
        return forecast(rule, card_is_usable=usable, now=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAutopayDecisions:
    """Lists what a rule decided and on what grounds, newest first."""

    get_rule: GetAutopayRule
    occasions: AutopayOccasionRepository

    def __call__(
        self, *, subscriber_id: str, autopay_rule_id: str, size: int, after: PagePosition | None
    ) -> tuple[Sequence[AutopayOccasion], PagePosition | None]:
        """Return a page and where the next one begins, None on the last."""
        self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
        rows = self.occasions.decided_of(autopay_rule_id=autopay_rule_id, size=size + 1, after=after)
        page = rows[:size]
        last = page[-1] if len(rows) > size else None
        return page, PagePosition(at=last.opened_at, row_id=last.decision_id) if last else None


def forecast(rule: AutopayRule, *, card_is_usable: bool, now: datetime) -> list[ForecastCharge]:
    """Return what the engine will charge if nothing else happens: each date decided as it will be then."""
    trigger = rule.terms.trigger
    if isinstance(trigger, Threshold) or rule.next_charge_at is None:
        return []
    first, end = rule.next_charge_at, now + _HORIZON
    dates = charge_dates(trigger, rule_id=rule.autopay_rule_id, time_zone=rule.time_zone, since=first)
    upcoming = takewhile(lambda coming: coming.charge_at < end, dates)
    decided = ((coming, decide(_grounds(rule, coming, card_is_usable))) for coming in upcoming)
    return [
        ForecastCharge(charge_at=coming.charge_at, local_date=coming.local_date, amount=decision.amount)
        for coming, decision in decided
        if decision.amount is not None and coming.charge_at >= first
    ]


def _grounds(rule: AutopayRule, coming: ChargeDate, card_is_usable: bool) -> Grounds:
    return Grounds(
        trigger=rule.terms.trigger,
        amount=rule.terms.amount,
        rule_version=rule.rule_version,
        rule_is_active=rule.is_active,
        occasion_rule_version=rule.rule_version,
        due_at=coming.charge_at,
        account_is_linked=True,
        account_refusal=None,
        monthly_pay_limit=None,
        paid_this_month=Money.zero(rule.terms.amount.currency),
        card_is_usable=card_is_usable,
        balance=None,
        balance_as_of=None,
        under_way=Money.zero(rule.terms.amount.currency),
        automatic_charges_in_24_h=0,
        now=coming.charge_at,
    )
