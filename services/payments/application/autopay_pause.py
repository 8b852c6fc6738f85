"""Pausing and resuming a rule, and the subscriber's word about a charge that is held."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import Clock
from services.payments.application.autopay_rules import GetAutopayRule
from services.payments.application.repeating import repeating
from services.payments.domain.autopay_occasion import AutopayOccasion, OccasionNotFound
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.ports import AutopayOccasionRepository, AutopayRuleRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAutopayRule:
    """Lets a rule of the subscriber charge nothing until a moment; at once, and without a word to the region."""

    get_rule: GetAutopayRule
    rules: AutopayRuleRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str, until: datetime) -> AutopayRule:
        """Return the paused rule. Raises AutopayRuleNotFound, AutopayRuleStopped, PauseInvalid."""
        return self._change(subscriber_id, autopay_rule_id, lambda rule: rule.pause(until=until, now=self.clock.now()))

    def resume(self, *, subscriber_id: str, autopay_rule_id: str) -> AutopayRule:
        """End the pause and return the rule; without effect when there is none."""
        return self._change(subscriber_id, autopay_rule_id, lambda rule: rule.resume(now=self.clock.now()))

    def _change(self, subscriber_id: str, autopay_rule_id: str, change: Callable[[AutopayRule], None]) -> AutopayRule:
        def step() -> AutopayRule:
            rule = self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
            change(rule)
            self.rules.save(rule)
            return rule

        return repeating(step)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHeldCharge:
    """Takes the subscriber's word about a charge that is held."""

    occasions: AutopayOccasionRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, decision_id: str, charge: bool) -> AutopayOccasion:
        """Return the occasion, to be decided by the word at once. Raises OccasionNotFound, OccasionNotHeld."""
        return repeating(lambda: self._answer(subscriber_id, decision_id, charge))

    def _answer(self, subscriber_id: str, decision_id: str, charge: bool) -> AutopayOccasion:
        occasion = self.occasions.get(decision_id)
        if occasion is None or occasion.subscriber_id != subscriber_id or occasion.record is None:
            raise OccasionNotFound("There is no such autopay charge.")
        now = self.clock.now()
        occasion.confirm(now=now) if charge else occasion.dismiss(now=now)
        self.occasions.save(occasion)
        return occasion
