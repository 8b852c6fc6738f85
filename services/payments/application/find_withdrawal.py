"""Looking once more, before an automatic charge is sent, whether its subscriber still wants it."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.card_policy import CardPolicy
from services.payments.domain.payment import ACCOUNT_UNLINKED, AUTOPAY_STOPPED, METHOD_REMOVED, Payment
from services.payments.domain.ports import AutopayRuleRepository, PaymentMethodRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class FindWithdrawal:
    """Reads the card and the rule of an automatic payment anew."""

    methods: PaymentMethodRepository
    rules: AutopayRuleRepository
    card_policy: CardPolicy
    clock: Clock

    def __call__(self, payment: Payment, /) -> str:
        """Return the decline reason of a charge that is not to be sent any more, empty when it may be."""
        method = self.methods.get(payment.payment_method_id)
        if method is None or not method.is_usable:
            return METHOD_REMOVED
        if not self.card_policy.accepts(method):
            return "card_not_accepted"
        rule = self.rules.get(payment.autopay_rule_id)
        if rule is None or not rule.allows_charge(rule_version=payment.autopay_rule_version, now=self.clock.now()):
            unlinked = rule is not None and rule.stop_reason is StopReason.ACCOUNT_UNLINKED
            return ACCOUNT_UNLINKED if unlinked else AUTOPAY_STOPPED
        return ""
