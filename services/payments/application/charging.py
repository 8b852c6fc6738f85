"""Sending a charge to the acquirer and asking what became of it; used by the request and by the dispatcher alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeGuard

import structlog

from services.chassis.clock import Clock
from services.payments.application.receipts import OpenReceipt
from services.payments.domain.acquirer import (
    Absent,
    Acquirer,
    AcquirerPayment,
    ChargeOrder,
    PaymentAnswer,
    Refused,
    Status,
)
from services.payments.domain.backoff import Backoff
from services.payments.domain.card_policy import CardNotAccepted, CardPolicy
from services.payments.domain.payment import METHOD_REMOVED, UNDECIDED, Payment, PaymentKind, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.ports import AlreadySaved, PaymentMethodRepository, PaymentRepository
from services.payments.domain.settlement import settle

_CLOCKS_DIFFER_BY = timedelta(minutes=10)
_REPEATED_WITHIN = timedelta(hours=24)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """The acquirer's side of a payment. Whoever calls has saved the payment with its charge begun."""

    payments: PaymentRepository
    methods: PaymentMethodRepository
    acquirer: Acquirer
    clock: Clock
    backoff: Backoff
    card_policy: CardPolicy
    open_receipt: OpenReceipt

    def charge(self, payment: Payment, /, *, timeout_s: float) -> None:
        """Charge for the first time, settle and save."""
        token = self._token(payment)
        if token is None:
            return self.record(payment, Refused(METHOD_REMOVED))
        return self.record(payment, self.acquirer.charge(_order(payment, token), timeout_s=timeout_s))

    def ask(self, payment: Payment, /, *, timeout_s: float) -> None:
        """Ask what became of a charge, settle and save; asking includes repeating it while that is the same charge."""
        self._take_over(payment)
        self.record(payment, self._answer(payment, timeout_s=timeout_s))

    def look(self, payment: Payment, /, *, timeout_s: float) -> None:
        """Ask what became of a charge without repeating it, settle and save."""
        self._take_over(payment)
        self.record(payment, self._told(payment, timeout_s=timeout_s))

    def record(self, payment: Payment, answer: PaymentAnswer, /) -> None:
        """Settle by an answer and save. What follows from a capture is written first: the payment is what makes it be
        tried again."""
        if payment.state in UNDECIDED and _is_capture_of(answer, payment):
            self._keep_card(payment, answer)
            self.open_receipt.for_payment(payment)
        _log_refusal(payment, answer)
        settle(payment, answer, now=self.clock.now(), backoff=self.backoff)
        self.payments.save(payment)
        log_problem(payment)

    def _take_over(self, payment: Payment) -> None:
        if payment.state is State.CREATED:
            payment.lose_track(now=self.clock.now())  # whoever sent it is gone: nobody knows whether it arrived

    def _answer(self, payment: Payment, *, timeout_s: float) -> PaymentAnswer:
        told = self._told(payment, timeout_s=timeout_s)
        if not isinstance(told, Absent) or not payment.may_repeat_charge(now=self.clock.now()):
            return told
        token = self._token(payment)
        return told if token is None else self.acquirer.charge(_order(payment, token), timeout_s=timeout_s)

    def _told(self, payment: Payment, *, timeout_s: float) -> PaymentAnswer:
        if payment.acquirer_payment_id:
            return self.acquirer.get(payment.acquirer_payment_id, timeout_s=timeout_s)
        return self._find(payment, timeout_s=timeout_s)

    def _find(self, payment: Payment, *, timeout_s: float) -> PaymentAnswer:
        begun = payment.charge_begun_at or payment.created_at
        young = payment.may_repeat_charge(now=self.clock.now())
        return self.acquirer.find(
            payment.payment_id,
            since=begun - _CLOCKS_DIFFER_BY,
            until=begun + (_CLOCKS_DIFFER_BY if young else _REPEATED_WITHIN),
            timeout_s=timeout_s,
        )

    def _token(self, payment: Payment) -> str | None:
        """Return the acquirer's id of the card to charge, empty for a new card; None for one that was removed."""
        if payment.kind is not PaymentKind.SAVED_CARD:
            return ""
        method = self.methods.get(payment.payment_method_id)
        return method.acquirer_method_id if method is not None and method.is_usable else None

    def _keep_card(self, payment: Payment, answer: AcquirerPayment) -> None:
        """A card outside the policy has paid this once, and is not kept: docs/decisions/0019."""
        if answer.saved_card is None or not payment.save_payment_method:
            return
        if not self.card_policy.accepts(answer.saved_card):
            payment.card_not_kept = CardNotAccepted.reason
            return
        method = PaymentMethod.saved_by(
            payment_id=payment.payment_id,
            subscriber_id=payment.subscriber_id,
            card=answer.saved_card,
            now=self.clock.now(),
        )
        try:
            self.methods.save(method)
        except AlreadySaved:
            _log.info("card_kept_before", payment_id=payment.payment_id)


def log_problem(payment: Payment, /) -> None:
    """Raise the alarm for a payment that needs a person."""
    if payment.needs_person is not None:
        _log.error(
            "payment_needs_person",
            alarm=True,
            payment_id=payment.payment_id,
            state=payment.state.value,
            problem=payment.needs_person.value,
        )


def _is_capture_of(answer: PaymentAnswer, payment: Payment) -> TypeGuard[AcquirerPayment]:
    return (
        isinstance(answer, AcquirerPayment)
        and answer.status is Status.SUCCEEDED
        and answer.payment_id == payment.payment_id
        and answer.amount == payment.amount
    )


def _log_refusal(payment: Payment, answer: PaymentAnswer) -> None:
    if isinstance(answer, Refused):
        _log.warning(
            "acquirer_refused", payment_id=payment.payment_id, state=payment.state.value, refusal_word=answer.code
        )


def _order(payment: Payment, token: str) -> ChargeOrder:
    return ChargeOrder(
        payment_id=payment.payment_id,
        idempotence_key=payment.charge_key,
        amount=payment.amount,
        kind=payment.kind,
        return_url=payment.return_url,
        save_payment_method=payment.save_payment_method,
        acquirer_method_id=token,
    )
