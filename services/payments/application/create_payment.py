"""Creating a payment: save the intent, charge within the request, answer whatever is known by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.deadline import timeout_s
from services.chassis.errors import FieldInvalid, VersionConflict
from services.chassis.money import Money
from services.chassis.return_url import check_return_url
from services.payments.application.ask_before_repeating import AskBeforeRepeating
from services.payments.application.charging import Charging
from services.payments.application.pay_limits import PayLimits
from services.payments.domain.offer import Offer
from services.payments.domain.pay_month import MonthlyPayLimitExceeded
from services.payments.domain.payment import Payment, PaymentKind, Reached, State, requested_payment_id
from services.payments.domain.payment_method import PaymentMethodNotFound
from services.payments.domain.ports import (
    Accounts,
    Action,
    AlreadySaved,
    PaymentMethodRepository,
    PaymentRepository,
    Permission,
)
from services.payments.domain.request import check_request_id, check_same, fingerprint_of
from services.payments.domain.similar_payment import Intent

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """What the subscriber asks for."""

    request_id: str
    subscriber_id: str
    billing_account_id: str
    amount: Money
    kind: PaymentKind
    payment_method_id: str
    save_payment_method: bool
    return_url: str
    confirm_repeat: bool = False

    @property
    def fingerprint(self) -> str:
        """Whether a repeat was confirmed is no part of what is paid."""
        return fingerprint_of(
            self.billing_account_id,
            self.amount.amount_minor,
            self.amount.currency,
            self.kind.value,
            self.payment_method_id,
            self.save_payment_method,
            self.return_url,
        )

    @property
    def intent(self) -> Intent:
        return Intent(
            subscriber_id=self.subscriber_id,
            billing_account_id=self.billing_account_id,
            amount=self.amount,
            request_id=self.request_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePayment:
    """Creates a payment once per (subscriber, request_id).

    The unique index decides who is first; everybody else is given the first one's payment as it is now.
    """

    payments: PaymentRepository
    methods: PaymentMethodRepository
    accounts: Accounts
    limits: PayLimits
    charging: Charging
    ask_before_repeating: AskBeforeRepeating
    offer: Offer
    return_prefixes: Sequence[str]
    clock: Clock
    charge_timeout_s: float
    charge_grace: timedelta

    def __call__(self, request: PaymentRequest, /) -> Payment:
        """Return the payment, new or first; UNKNOWN when the acquirer did not answer.

        Raises what accounts refuses with, MonthlyPayLimitExceeded, and SimilarPayment for a second one of the same
        meaning within three minutes, unless that was confirmed.
        """
        check_request_id(request.request_id)
        self._check_content(request)
        known = self._known(request)
        if known is not None:
            return known
        permission = self.accounts.authorize(
            subscriber_id=request.subscriber_id, billing_account_id=request.billing_account_id, actions=[Action.PAY]
        )
        self._check_method(request)
        self.ask_before_repeating(request.intent, confirmed=request.confirm_repeat)
        return self._create(request, permission)

    def _create(self, request: PaymentRequest, permission: Permission) -> Payment:
        payment = self._new(request)
        try:
            self.limits.reserve(
                payment.payment_id, payment.amount, billing_account_id=payment.billing_account_id, permission=permission
            )
        except MonthlyPayLimitExceeded:
            self.ask_before_repeating.forget(request.intent)
            raise
        try:
            self.payments.save(payment)
        except AlreadySaved:
            first = self._known(request)
            if first is None:
                raise VersionConflict("Two requests with one id met.", id=request.request_id) from None
            return first
        return self._charge(payment)

    def _charge(self, payment: Payment) -> Payment:
        try:
            self.charging.charge(payment, timeout_s=timeout_s(self.charge_timeout_s))
        except VersionConflict:  # it took so long that the dispatcher has asked meanwhile: what it saved holds
            _log.warning("charge_overtaken", payment_id=payment.payment_id)
            return self.payments.get(payment.payment_id) or payment
        return payment

    def _known(self, request: PaymentRequest) -> Payment | None:
        known = self.payments.by_request(subscriber_id=request.subscriber_id, request_id=request.request_id)
        if known is not None:
            check_same(request.fingerprint, known.fingerprint)
        return known

    def _check_content(self, request: PaymentRequest) -> None:
        if request.amount.currency != self.offer.largest_payment.currency:
            raise FieldInvalid(field="amount", rule="roubles only")
        self.offer.check_amount(request.amount)
        self.offer.check_kind(request.kind)
        self._check_return_url(request)
        if request.kind is not PaymentKind.NEW_CARD and request.save_payment_method:
            raise FieldInvalid(field="save_payment_method", rule="for a new card only")
        if request.kind is not PaymentKind.SAVED_CARD and request.payment_method_id:
            raise FieldInvalid(field="payment_method_id", rule="for a saved card only")

    def _check_return_url(self, request: PaymentRequest) -> None:
        if not request.return_url and request.kind is PaymentKind.SAVED_CARD:
            return
        check_return_url(request.return_url, allowed=self.return_prefixes)

    def _check_method(self, request: PaymentRequest) -> None:
        if request.kind is not PaymentKind.SAVED_CARD:
            return
        method = self.methods.get(request.payment_method_id)
        if method is None or method.subscriber_id != request.subscriber_id or not method.is_usable:
            raise PaymentMethodNotFound("There is no such saved card.")
        self.offer.card_policy.check(method)

    def _new(self, request: PaymentRequest) -> Payment:
        now = self.clock.now()
        payment = Payment(
            payment_id=requested_payment_id(request.subscriber_id, request.request_id, request.fingerprint),
            subscriber_id=request.subscriber_id,
            billing_account_id=request.billing_account_id,
            amount=request.amount,
            kind=request.kind,
            history=[Reached(State.CREATED, now)],
            payment_method_id=request.payment_method_id,
            save_payment_method=request.save_payment_method,
            return_url=request.return_url,
            request_id=request.request_id,
            fingerprint=request.fingerprint,
        )
        payment.begin_charge(now=now, grace=self.charge_grace)
        return payment
