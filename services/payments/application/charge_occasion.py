"""The payment of an automatic charge: made of its decision, and sent at once while the decision is fresh."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.payments.application.charging import Charging
from services.payments.application.find_withdrawal import FindWithdrawal
from services.payments.application.pay_limits import PayLimits
from services.payments.domain.autopay_decision import Grounds
from services.payments.domain.autopay_occasion import AutopayOccasion, DecisionRecord
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.pay_month import MonthlyPayLimitExceeded
from services.payments.domain.payment import Payment, PaymentKind, Reached, State
from services.payments.domain.ports import AlreadySaved, PaymentRepository, Permission

_FRESH_FOR = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOccasion:
    """Makes the payment of the present try of an occasion, whose decision to charge is saved.

    While the decision is seconds old, what accounts said for it still holds: the charge is begun with the payment, and
    whoever saved it looks at card and rule once more and sends it. In this order: what was withdrawn before the look is
    seen, what is withdrawn after it is too late for a charge that is begun. Otherwise, after a death or where somebody
    answered slowly, it is left to `DrivePayments`, which asks accounts anew.
    """

    payments: PaymentRepository
    pay_limits: PayLimits
    find_withdrawal: FindWithdrawal
    charging: Charging
    clock: Clock
    charge_timeout_s: float
    charge_grace: timedelta

    def __call__(self, occasion: AutopayOccasion, rule: AutopayRule, /) -> Payment:
        """Return the payment as far as it has come. Made twice it is the same payment, sent by the first to save it."""
        assert occasion.record is not None
        now = self.clock.now()
        payment = _payment_of(occasion, rule, now=now)
        if not self._is_within_limit(payment, occasion.record.grounds, rule):
            payment.decline("monthly_pay_limit_exceeded", now=now)
        elif now - occasion.record.grounds.now < _FRESH_FOR:
            payment.begin_charge(now=now, grace=self.charge_grace)
        try:
            self.payments.save(payment)
        except AlreadySaved:
            _log.info("payment_made_before", payment_id=payment.payment_id)
            return self._as_saved(payment)
        return payment if payment.charge_begun_at is None else self._sent_or_declined(payment)

    def give_back(self, occasion: AutopayOccasion, record: DecisionRecord, rule: AutopayRule, /) -> None:
        """Free what was set aside for a charge that is not made."""
        self.pay_limits.give_back(
            occasion.future_payment_id,
            billing_account_id=rule.billing_account_id,
            permission=_as_decided(record.grounds, rule),
        )

    def _sent_or_declined(self, payment: Payment) -> Payment:
        withdrawal = self.find_withdrawal(payment)
        try:
            if withdrawal:
                payment.decline(withdrawal, now=self.clock.now())
                self.payments.save(payment)
            else:
                self.charging.charge(payment, timeout_s=self.charge_timeout_s)
        except VersionConflict:  # it took so long that the dispatcher has asked meanwhile: what it saved holds
            _log.warning("charge_overtaken", payment_id=payment.payment_id)
            return self._as_saved(payment)
        return payment

    def _as_saved(self, payment: Payment) -> Payment:
        saved = self.payments.get(payment.payment_id)
        assert saved is not None, "payments are never deleted"
        return saved

    def _is_within_limit(self, payment: Payment, grounds: Grounds, rule: AutopayRule) -> bool:
        """Say whether the sum is still set aside, or can be again: after a long stop it may have come back."""
        try:
            self.pay_limits.reserve(
                payment.payment_id,
                payment.amount,
                billing_account_id=rule.billing_account_id,
                permission=_as_decided(grounds, rule),
            )
        except MonthlyPayLimitExceeded:
            return False
        return True


def _payment_of(occasion: AutopayOccasion, rule: AutopayRule, *, now: datetime) -> Payment:
    assert occasion.record is not None and occasion.record.decision.amount is not None
    return Payment(
        payment_id=occasion.future_payment_id,
        subscriber_id=rule.subscriber_id,
        billing_account_id=rule.billing_account_id,
        amount=occasion.record.decision.amount,
        kind=PaymentKind.SAVED_CARD,
        history=[Reached(State.CREATED, now)],
        payment_method_id=rule.terms.payment_method_id,
        autopay_rule_id=rule.autopay_rule_id,
        autopay_rule_version=occasion.rule_version,
        due_at=now,
    )


def _as_decided(grounds: Grounds, rule: AutopayRule) -> Permission:
    """Return the terms that a decision was made on."""
    return Permission(time_zone=rule.time_zone, region=rule.region, monthly_pay_limit=grounds.monthly_pay_limit)
