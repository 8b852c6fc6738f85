"""The dispatcher's step for occasions: read everything anew, decide, keep the record, make the payment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.application.pay_limits import PayLimits
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_decision import Grounds, Reason
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import opening_after
from services.payments.domain.backoff import Backoff
from services.payments.domain.pay_month import MonthlyPayLimitExceeded
from services.payments.domain.payment import Payment, PaymentKind, Reached, State
from services.payments.domain.ports import (
    AccountGone,
    Accounts,
    AccountsSilent,
    AlreadySaved,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    DecisionBalance,
    Due,
    PaymentMethodRepository,
    PaymentRepository,
    Permission,
)

_A_DAY = timedelta(hours=24)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveOccasions:
    """Claims one due occasion and brings it on: to its decision, and for a charge to its payment.

    The decision is saved before the payment is made, the payment's id follows from the decision's, and charging is the
    payment's own business: a kill between any two lines neither loses the charge nor doubles it.
    """

    due: Due[AutopayOccasion]
    occasions: AutopayOccasionRepository
    rules: AutopayRuleRepository
    methods: PaymentMethodRepository
    payments: PaymentRepository
    accounts: Accounts
    limits: PayLimits
    stop_rule: StopRule
    clock: Clock
    backoff: Backoff

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        occasion = self.due.claim()
        if occasion is None:
            return False
        try:
            self._step(occasion)
        except VersionConflict:
            _log.info("occasion_moved_meanwhile", decision_id=occasion.decision_id)
        return True

    def _step(self, occasion: AutopayOccasion) -> None:
        rule = self.rules.get(occasion.autopay_rule_id)
        assert rule is not None, "rules are never deleted"
        if occasion.record is None:
            self._decide(occasion, rule)
        if occasion.is_to_charge:
            self._make_payment(occasion, rule)
            occasion.close()
            self.occasions.save(occasion)

    def _decide(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        now = self.clock.now()
        by_day = rule.is_active and not rule.watches_balance  # what cannot be charged any more needs no morning
        opens_at = opening_after(now, time_zone=rule.time_zone) if by_day else None
        if opens_at is not None:
            occasion.wait_until(opens_at)
        else:
            self._decide_now(occasion, rule, now=now)
        self.occasions.save(occasion)
        self._give_back_unused(occasion, rule)
        self._stop_if_hopeless(occasion, rule)

    def _decide_now(self, occasion: AutopayOccasion, rule: AutopayRule, *, now: datetime) -> None:
        try:
            answer = self._permission(rule)
            told = None if isinstance(answer, Reason) else self._balance(rule)
        except AccountGone:
            answer, told = Reason.ACCOUNT_UNLINKED, None
        except AccountsSilent:
            occasion.try_again(now=now, backoff=self.backoff)
            return
        paid = self._reserve(occasion, rule, answer)
        occasion.decide(self._grounds(occasion, rule, answer=answer, paid=paid, told=told, now=now), now=now)
        _log_decision(occasion)

    def _permission(self, rule: AutopayRule) -> Permission | Reason:
        """Ask anew on what terms the subscriber may pay: the link may have ended, or come into a dispute, since the
        rule was made. A stopped rule needs nobody's leave to be skipped."""
        if not rule.is_active:
            return Reason.RULE_STOPPED
        return self.accounts.autopay_permission(
            subscriber_id=rule.subscriber_id, billing_account_id=rule.billing_account_id
        )

    def _reserve(self, occasion: AutopayOccasion, rule: AutopayRule, answer: Permission | Reason) -> Money:
        """Set the sum aside where there is a limit, and return what others have of the month: the decision follows from
        it as it stood in that very moment."""
        nothing = Money.zero(rule.terms.amount.currency)
        if isinstance(answer, Reason):
            return nothing
        try:
            paid = self.limits.reserve(
                occasion.future_payment_id,
                rule.terms.amount,
                billing_account_id=rule.billing_account_id,
                permission=answer,
            )
        except MonthlyPayLimitExceeded as refusal:
            return refusal.spent
        return paid or nothing

    def _give_back_unused(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """Free what was set aside for a charge that is not made. After the save: a zombie with another decision frees
        nothing of whoever charges."""
        if occasion.record is not None and not occasion.is_to_charge:
            self.limits.give_back(
                occasion.future_payment_id,
                billing_account_id=rule.billing_account_id,
                permission=_as_decided(occasion.record.grounds, rule),
            )

    def _balance(self, rule: AutopayRule) -> DecisionBalance | None:
        """Return the balance of a threshold rule, read now; a date rule is decided without one."""
        if not rule.watches_balance or not rule.is_active:
            return None
        return self.accounts.decision_balance(billing_account_id=rule.billing_account_id)

    def _grounds(
        self,
        occasion: AutopayOccasion,
        rule: AutopayRule,
        *,
        answer: Permission | Reason,
        paid: Money,
        told: DecisionBalance | None,
        now: datetime,
    ) -> Grounds:
        method = self.methods.get(rule.terms.payment_method_id)
        refusal = answer if isinstance(answer, Reason) else None
        return Grounds(
            trigger=rule.terms.trigger,
            amount=rule.terms.amount,
            rule_version=rule.rule_version,
            rule_is_active=rule.is_active,
            occasion_rule_version=occasion.rule_version,
            due_at=occasion.charge_due_at,
            account_is_linked=refusal is not Reason.ACCOUNT_UNLINKED
            and rule.stop_reason is not StopReason.ACCOUNT_UNLINKED,
            account_refusal=refusal,
            monthly_pay_limit=answer.monthly_pay_limit if isinstance(answer, Permission) else None,
            paid_this_month=paid,
            card_is_usable=method is not None and method.is_usable,
            balance=told.balance if told else None,
            balance_as_of=told.as_of if told else None,
            under_way=self._under_way(rule, told),
            automatic_charges_in_24_h=self.payments.automatic_charges(
                billing_account_id=rule.billing_account_id, since=now - _A_DAY, besides=occasion.future_payment_id
            ),
            now=now,
        )

    def _under_way(self, rule: AutopayRule, told: DecisionBalance | None) -> Money:
        """Read after the balance, so that what is credited in between is seen by one of the two."""
        if told is None:
            return Money.zero(rule.terms.amount.currency)
        return self.payments.under_way(billing_account_id=rule.billing_account_id, balance_as_of=told.as_of)

    def _make_payment(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        assert occasion.record is not None and occasion.record.decision.amount is not None
        now = self.clock.now()
        payment = Payment(
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
        if not self._is_within_limit(payment, occasion.record.grounds, rule):
            payment.decline("monthly_pay_limit_exceeded", now=now)
        try:
            self.payments.save(payment)
        except AlreadySaved:
            _log.info("payment_made_before", payment_id=payment.payment_id)

    def _is_within_limit(self, payment: Payment, grounds: Grounds, rule: AutopayRule) -> bool:
        """Say whether the sum is still set aside, or can be again: after a long stop it may have come back."""
        try:
            self.limits.reserve(
                payment.payment_id,
                payment.amount,
                billing_account_id=rule.billing_account_id,
                permission=_as_decided(grounds, rule),
            )
        except MonthlyPayLimitExceeded:
            return False
        return True

    def _stop_if_hopeless(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """An event or a call that should have stopped the rule got lost: stop it now."""
        reasons = occasion.record.decision.reasons if occasion.record else ()
        for reason, stop_reason in _HOPELESS.items():
            if reason in reasons and rule.is_active and Reason.RULE_CHANGED not in reasons:
                self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=stop_reason)


_HOPELESS = {Reason.CARD_REMOVED: StopReason.CARD_REMOVED, Reason.ACCOUNT_UNLINKED: StopReason.ACCOUNT_UNLINKED}


def _as_decided(grounds: Grounds, rule: AutopayRule) -> Permission:
    """Return the terms that a decision was made on."""
    return Permission(time_zone=rule.time_zone, monthly_pay_limit=grounds.monthly_pay_limit)


def _log_decision(occasion: AutopayOccasion) -> None:
    assert occasion.record is not None
    decision = occasion.record.decision
    _log.info(
        "autopay_decided",
        decision_id=occasion.decision_id,
        outcome=decision.outcome.value,
        reasons=[reason.value for reason in decision.reasons],
    )
