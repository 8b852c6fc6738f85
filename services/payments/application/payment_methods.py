"""Saved cards as a subscriber sees and removes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRulesOfMethod
from services.payments.domain.payment_method import PaymentMethod, PaymentMethodNotFound
from services.payments.domain.ports import PaymentMethodRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPaymentMethods:
    """Lists the subscriber's saved cards, newest first."""

    methods: PaymentMethodRepository

    def __call__(self, *, subscriber_id: str) -> Sequence[PaymentMethod]:
        return self.methods.usable_of(subscriber_id=subscriber_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePaymentMethod:
    """Removes a card, then stops the rules on it.

    In this order: killed in between, a rule still finds its card gone before each charge, and stops then.
    """

    methods: PaymentMethodRepository
    stop_rules: StopRulesOfMethod
    clock: Clock

    def __call__(self, *, subscriber_id: str, payment_method_id: str) -> None:
        """Remove it; a second time without effect. Raises PaymentMethodNotFound."""
        repeating(lambda: self._remove(subscriber_id, payment_method_id))
        self.stop_rules(payment_method_id=payment_method_id)

    def _remove(self, subscriber_id: str, payment_method_id: str) -> None:
        method = self.methods.get(payment_method_id)
        if method is None or method.subscriber_id != subscriber_id:
            raise PaymentMethodNotFound("There is no such saved card.")
        if method.is_usable:
            method.remove(now=self.clock.now())
            self.methods.save(method)
