"""Asking before the same payment is made a second time; of two at once exactly one goes through unasked."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.payments.domain.payment import State
from services.payments.domain.ports import IntentRegister, PaymentRepository
from services.payments.domain.similar_payment import ASKED_WITHIN, Claim, Intent, SimilarPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBeforeRepeating:
    """Claims the meaning of a payment for a request. The claim is one atomic write, made before the payment is saved.

    A request that is killed after it may claim again: the claim names it. Another one within three minutes is then
    asked although nothing was paid, which costs a question and no money.
    """

    intents: IntentRegister
    payments: PaymentRepository
    clock: Clock

    def __call__(self, intent: Intent, /, *, confirmed: bool) -> None:
        """Raise SimilarPayment for an unconfirmed repeat; a payment that was declined is nothing to repeat."""
        now = self.clock.now()
        if confirmed:
            self.intents.take(intent, now=now)
            return
        held = self.intents.claim(intent, now=now, older_than=now - ASKED_WITHIN)
        if held is None or (self._was_declined(intent, held) and self.intents.take_over(intent, held, now=now)):
            return
        seconds = int((now - held.at).total_seconds())
        raise SimilarPayment(f"The same was paid {seconds} s ago.", seconds_ago=str(seconds))

    def forget(self, intent: Intent, /) -> None:
        """Take back a claim whose payment was refused before it was saved: there is nothing to repeat."""
        self.intents.release(intent)

    def _was_declined(self, intent: Intent, held: Claim) -> bool:
        first = self.payments.by_request(subscriber_id=intent.subscriber_id, request_id=held.request_id)
        return first is not None and first.state is State.DECLINED
