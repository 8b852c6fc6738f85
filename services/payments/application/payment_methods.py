"""Saved cards as a subscriber sees and removes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.application.bind_card import Binding
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRulesOfMethod
from services.payments.domain.card_binding import BindingState, CardBinding
from services.payments.domain.payment_method import PaymentMethod, PaymentMethodNotFound
from services.payments.domain.ports import CardBindingRepository, PaymentMethodRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPaymentMethods:
    """Lists the subscriber's saved cards, newest first."""

    methods: PaymentMethodRepository

    def __call__(self, *, subscriber_id: str) -> Sequence[PaymentMethod]:
        return self.methods.usable_of(subscriber_id=subscriber_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPaymentMethod:
    """Returns a saved card of the subscriber, or one that is being bound."""

    methods: PaymentMethodRepository
    bindings: CardBindingRepository

    def __call__(self, *, subscriber_id: str, payment_method_id: str) -> PaymentMethod | CardBinding:
        """Raises PaymentMethodNotFound, alike for an absent, a foreign and a removed one."""
        found = self.methods.get(payment_method_id) or self.bindings.get(payment_method_id)
        if found is None or found.subscriber_id != subscriber_id or _is_gone(found):
            raise PaymentMethodNotFound("There is no such saved card.")
        return found


def _is_gone(found: PaymentMethod | CardBinding) -> bool:
    if isinstance(found, PaymentMethod):
        return not found.is_usable
    return found.state is BindingState.CALLED_OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePaymentMethod:
    """Removes a card, then stops the rules on it. One that is still being bound is called off.

    In this order: killed in between, a rule still finds its card gone before each charge, and stops then.
    """

    methods: PaymentMethodRepository
    bindings: CardBindingRepository
    binding: Binding
    stop_rules: StopRulesOfMethod
    clock: Clock

    def __call__(self, *, subscriber_id: str, payment_method_id: str) -> None:
        """Remove it; a second time without effect. Raises PaymentMethodNotFound."""
        repeating(lambda: self._call_off(subscriber_id, payment_method_id))
        repeating(lambda: self._remove(subscriber_id, payment_method_id))
        self.stop_rules(payment_method_id=payment_method_id)

    def _call_off(self, subscriber_id: str, payment_method_id: str) -> None:
        """End a binding first, or have its card written down: after this nothing can become usable any more."""
        binding = self.bindings.get(payment_method_id)
        if binding is None or binding.subscriber_id != subscriber_id:
            return
        if binding.is_open:
            binding.call_off(now=self.clock.now())
            self.bindings.save(binding)
        elif binding.card is not None:
            self.binding.keep(binding)

    def _remove(self, subscriber_id: str, payment_method_id: str) -> None:
        method = self.methods.get(payment_method_id)
        if method is None and self._is_own_binding(subscriber_id, payment_method_id):
            return
        if method is None or method.subscriber_id != subscriber_id:
            raise PaymentMethodNotFound("There is no such saved card.")
        if method.is_usable:
            method.remove(now=self.clock.now())
            self.methods.save(method)

    def _is_own_binding(self, subscriber_id: str, payment_method_id: str) -> bool:
        binding = self.bindings.get(payment_method_id)
        return binding is not None and binding.subscriber_id == subscriber_id
