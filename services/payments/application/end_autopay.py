"""Ending all autopay of an account whose link has ended: rule, occasions, and charges that were not sent yet."""

from dataclasses import dataclass
from functools import partial

from services.chassis.clock import Clock
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.payment import ACCOUNT_UNLINKED
from services.payments.domain.ports import AutopayOccasionRepository, AutopayRuleRepository, PaymentRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAutopayOfAccount:
    """Stops the rule, has its open occasions decided now (they are skipped, and say why), and declines automatic
    payments that were not sent to the acquirer. Idempotent; killed anywhere, the event comes again.

    The rule is stopped first: whoever makes a payment of it afterwards reads the rule again before sending it, and
    whoever read it before loses the race for the payment itself. A charge that is under way is settled as any other,
    and a payment by hand stays the payer's: its money is the region's.
    """

    rules: AutopayRuleRepository
    occasions: AutopayOccasionRepository
    payments: PaymentRepository
    stop_rule: StopRule
    clock: Clock

    def __call__(self, *, billing_account_id: str) -> None:
        for rule in self.rules.of_account(billing_account_id=billing_account_id):
            self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.ACCOUNT_UNLINKED)
            for decision_id in self.occasions.undecided_of(autopay_rule_id=rule.autopay_rule_id):
                repeating(partial(self._hurry, decision_id))
        for payment_id in self.payments.unsent_automatic(billing_account_id=billing_account_id):
            repeating(partial(self._decline, payment_id))

    def _hurry(self, decision_id: str) -> None:
        occasion = self.occasions.get(decision_id)
        if occasion is not None and occasion.hurry(now=self.clock.now()):
            self.occasions.save(occasion)

    def _decline(self, payment_id: str) -> None:
        payment = self.payments.get(payment_id)
        if payment is not None and payment.is_unsent:
            payment.decline(ACCOUNT_UNLINKED, now=self.clock.now())
            self.payments.save(payment)
