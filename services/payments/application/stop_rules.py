"""Stopping rules at once: by the subscriber, or with their card; with their account, `end_autopay` does."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.application.repeating import repeating
from services.payments.domain.autopay_rule import AutopayRule, AutopayRuleNotFound, StopReason
from services.payments.domain.ports import AutopayRuleRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """Stops one rule, whoever wants it."""

    rules: AutopayRuleRepository
    clock: Clock

    def __call__(self, *, autopay_rule_id: str, reason: StopReason) -> AutopayRule:
        """Return the rule, stopped; the first reason is kept. Raises AutopayRuleNotFound."""
        return repeating(lambda: self._stop(autopay_rule_id, reason))

    def _stop(self, autopay_rule_id: str, reason: StopReason) -> AutopayRule:
        rule = self.rules.get(autopay_rule_id)
        if rule is None:
            raise AutopayRuleNotFound("There is no such autopay rule.")
        if rule.is_active:
            rule.stop(reason, now=self.clock.now())
            self.rules.save(rule)
        return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRulesOfMethod:
    """Stops the rules that charge a card."""

    rules: AutopayRuleRepository
    stop_rule: StopRule

    def __call__(self, *, payment_method_id: str) -> None:
        for rule in self.rules.active_on_method(payment_method_id=payment_method_id):
            self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.CARD_REMOVED)
