"""Keeping a card without a payment: started within the request, asked about by the dispatcher, called off at will."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.deadline import timeout_s
from services.chassis.errors import VersionConflict
from services.chassis.ids import new_id
from services.chassis.return_url import check_return_url
from services.payments.domain.acquirer import BindingAnswer, CardBinder
from services.payments.domain.backoff import Backoff
from services.payments.domain.card_binding import BindingReached, BindingState, CardBinding, settle_binding
from services.payments.domain.card_policy import CardPolicy
from services.payments.domain.offer import Offer
from services.payments.domain.payment import PaymentKind
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.ports import AlreadySaved, CardBindingRepository, Due, PaymentMethodRepository
from services.payments.domain.request import check_request_id, check_same, fingerprint_of

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The acquirer's side of a binding, for the request and the dispatcher alike."""

    bindings: CardBindingRepository
    methods: PaymentMethodRepository
    binder: CardBinder
    card_policy: CardPolicy
    clock: Clock
    backoff: Backoff

    def start(self, binding: CardBinding, /, *, timeout_s: float) -> None:
        """Send it, for the first time or again under the same key; settle and save."""
        self._record(
            binding,
            self.binder.bind(
                idempotence_key=binding.binding_key,
                payment_method_id=binding.payment_method_id,
                return_url=binding.return_url,
                timeout_s=timeout_s,
            ),
        )

    def ask(self, binding: CardBinding, /, *, timeout_s: float) -> None:
        """Ask what became of it, settle and save. The API has no list: without an id, repeating is how to ask."""
        now = self.clock.now()
        if binding.state is BindingState.CREATED:
            binding.lose_track(now=now)  # whoever sent it is gone
        if binding.acquirer_method_id:
            self._record(binding, self.binder.get_binding(binding.acquirer_method_id, timeout_s=timeout_s))
        elif binding.may_repeat(now=now):
            self.start(binding, timeout_s=timeout_s)
        else:
            binding.try_again(now=now, backoff=self.backoff)
            self.bindings.save(binding)

    def keep(self, binding: CardBinding, /) -> None:
        """Write the bound card down as a saved one, once, and forget it here."""
        assert binding.card is not None, "a bound card is there until it is written down"
        method = PaymentMethod.kept(
            payment_method_id=binding.payment_method_id,
            subscriber_id=binding.subscriber_id,
            card=binding.card,
            now=self.clock.now(),
        )
        try:
            self.methods.save(method)
        except AlreadySaved:
            _log.info("card_kept_before", payment_method_id=binding.payment_method_id)
        binding.close()
        self.bindings.save(binding)

    def _record(self, binding: CardBinding, answer: BindingAnswer) -> None:
        settle_binding(binding, answer, policy=self.card_policy, now=self.clock.now(), backoff=self.backoff)
        self.bindings.save(binding)
        if binding.state is BindingState.BOUND:
            self.keep(binding)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindCard:
    """Starts a binding once per (subscriber, request_id)."""

    bindings: CardBindingRepository
    binding: Binding
    offer: Offer
    return_prefixes: Sequence[str]
    clock: Clock
    charge_timeout_s: float
    charge_grace: timedelta

    def __call__(self, *, request_id: str, subscriber_id: str, return_url: str) -> CardBinding:
        """Return the binding, new or first; UNKNOWN when the acquirer did not answer.

        Raises PaymentKindDisabled where saved cards are off.
        """
        check_request_id(request_id)
        check_return_url(return_url, allowed=self.return_prefixes)
        self.offer.check_kind(PaymentKind.SAVED_CARD)
        fingerprint = fingerprint_of(return_url)
        known = self._known(subscriber_id, request_id, fingerprint)
        return known or self._create(self._new(subscriber_id, request_id, return_url, fingerprint))

    def _create(self, binding: CardBinding) -> CardBinding:
        try:
            self.bindings.save(binding)
        except AlreadySaved:
            first = self._known(binding.subscriber_id, binding.request_id, binding.fingerprint)
            if first is None:
                raise VersionConflict("Two requests with one id met.", id=binding.request_id) from None
            return first
        try:
            self.binding.start(binding, timeout_s=timeout_s(self.charge_timeout_s))
        except VersionConflict:  # it took so long that the dispatcher has asked meanwhile: what it saved holds
            return self.bindings.get(binding.payment_method_id) or binding
        return binding

    def _known(self, subscriber_id: str, request_id: str, fingerprint: str) -> CardBinding | None:
        known = self.bindings.by_request(subscriber_id=subscriber_id, request_id=request_id)
        if known is not None:
            check_same(fingerprint, known.fingerprint)
        return known

    def _new(self, subscriber_id: str, request_id: str, return_url: str, fingerprint: str) -> CardBinding:
        now: datetime = self.clock.now()
        return CardBinding(
            payment_method_id=new_id("pm"),
            subscriber_id=subscriber_id,
            return_url=return_url,
            request_id=request_id,
            fingerprint=fingerprint,
            history=[BindingReached(BindingState.CREATED, now)],
            due_at=now + self.charge_grace,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveBindings:
    """Claims one due binding and brings it on. A crash at any line leaves it due again."""

    due: Due[CardBinding]
    binding: Binding
    charge_timeout_s: float

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        binding = self.due.claim()
        if binding is None:
            return False
        try:
            if binding.state is BindingState.BOUND:
                self.binding.keep(binding)
            else:
                self.binding.ask(binding, timeout_s=self.charge_timeout_s)
        except VersionConflict:
            _log.info("binding_moved_meanwhile", payment_method_id=binding.payment_method_id)
        return True
