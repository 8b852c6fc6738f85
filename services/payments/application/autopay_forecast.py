"""What a rule is going to charge within a year, and what it has decided so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.application.autopay_rules import GetAutopayRule
from services.payments.domain.autopay_calendar import counted_since
from services.payments.domain.autopay_forecast import TWELVE_MONTHS, Forecast, Outlook, forecast
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_ports import AutopayHistory
from services.payments.domain.ports import (
    AutopayOccasionRepository,
    PagePosition,
    PaymentMethodRepository,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastAutopayRule:
    """Says what a rule will charge in the next 12 months, by the very function that decides."""

    get_rule: GetAutopayRule
    methods: PaymentMethodRepository
    history: AutopayHistory
    limits: Limits
    clock: Clock

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str) -> Forecast:
        """Return the charges in order of time, or the condition of a threshold; neither for a stopped rule."""
        rule = self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
        method, now = self.methods.get(rule.terms.payment_method_id), self.clock.now()
        past = self.history.automatic(
            billing_account_id=rule.billing_account_id,
            since=counted_since(now, time_zone=rule.time_zone),
            besides="",
        )
        outlook = Outlook(card_is_usable=method is not None and method.is_usable, past=past)
        return forecast(rule, outlook, limits=self.limits, now=now, until=now + TWELVE_MONTHS)


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
