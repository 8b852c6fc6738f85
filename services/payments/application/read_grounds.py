"""Reading everything anew that an automatic charge is decided on: the permission, the balance, the past, the limits."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.chassis.money import Money
from services.payments.application.pay_limits import PayLimits
from services.payments.application.region_freezes import GuardRegion
from services.payments.domain.autopay_calendar import charges_in_a_day, counted_since, filled_at
from services.payments.domain.autopay_decision import Grounds, Outcome, Reason, decide
from services.payments.domain.autopay_grounds import Seen, grounds_of
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_ports import AutopayHistory
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.pay_month import MonthlyPayLimitExceeded
from services.payments.domain.ports import (
    Accounts,
    AutopayOccasionRepository,
    AutopayTerms,
    DecisionBalance,
    PaymentMethodRepository,
    PaymentRepository,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGrounds:
    """Puts the grounds of a decision together. What a charge needs of others' limits (the owner's month, the region's
    hour) is taken while reading, by the payment's and the decision's own id: read twice it is taken once."""

    methods: PaymentMethodRepository
    payments: PaymentRepository
    history: AutopayHistory
    occasions: AutopayOccasionRepository
    accounts: Accounts
    pay_limits: PayLimits
    guard_region: GuardRegion
    limits: Limits

    def __call__(self, occasion: AutopayOccasion, rule: AutopayRule, /, *, now: datetime) -> Grounds:
        """Raises AccountsSilent: nothing is decided then."""
        answer = self._terms(rule)
        seen = self._seen(occasion, rule, answer=answer, now=now)
        grounds = grounds_of(rule, occasion, seen, limits=self.limits, now=now)
        guarded = self.guard_region(grounds, decision_id=occasion.decision_id, region=rule.region)
        return self._set_aside(occasion, rule, guarded, answer)

    def _terms(self, rule: AutopayRule) -> AutopayTerms | Reason:
        """Ask anew on what terms the subscriber may pay: the link may have ended, or come into a dispute, since the
        rule was made. And what the region says now: every charge needs it, to see what is owed and that no old mandate
        debits the same account (F21). A stopped rule needs nobody's leave to be skipped."""
        if not rule.is_active:
            return Reason.RULE_STOPPED
        return self.accounts.autopay_terms(subscriber_id=rule.subscriber_id, billing_account_id=rule.billing_account_id)

    def _seen(
        self,
        occasion: AutopayOccasion,
        rule: AutopayRule,
        *,
        answer: AutopayTerms | Reason,
        now: datetime,
    ) -> Seen:
        method = self.methods.get(rule.terms.payment_method_id)
        account, besides = rule.billing_account_id, occasion.future_payment_id
        past = self.history.automatic(
            billing_account_id=account, since=counted_since(now, time_zone=rule.time_zone), besides=besides
        )
        refusal, told = (answer, None) if isinstance(answer, Reason) else (None, answer.told)
        return Seen(
            account_is_linked=refusal is not Reason.ACCOUNT_UNLINKED
            and rule.stop_reason is not StopReason.ACCOUNT_UNLINKED,
            account_refusal=refusal,
            monthly_pay_limit=None,
            paid_this_month=Money.zero(),
            old_mandate_active=told.old_mandate_active if told else False,
            balance=told.balance if told else None,
            balance_as_of=told.as_of if told else None,
            under_way=self._under_way(rule, told),
            paid_by_hand=self.history.paid_by_hand(
                billing_account_id=account, since=occasion.charge_due_at - self.limits.paid_by_hand_within
            ),
            card_is_usable=method is not None and method.is_usable,
            automatic_charges_in_24_h=charges_in_a_day(past, now=now),
            filled=filled_at(past, now=now, time_zone=rule.time_zone),
            held_elsewhere=self.occasions.held_of_account(billing_account_id=account, besides=occasion.decision_id),
            region_frozen=False,
        )

    def _under_way(self, rule: AutopayRule, told: DecisionBalance | None) -> Money:
        """Read after the balance, so that what is credited in between is seen by one of the two."""
        if told is None:
            return Money.zero()
        return self.payments.under_way(billing_account_id=rule.billing_account_id, balance_as_of=told.as_of)

    def _set_aside(
        self, occasion: AutopayOccasion, rule: AutopayRule, grounds: Grounds, answer: AutopayTerms | Reason
    ) -> Grounds:
        """Set the sum aside where the owner of the account has set a limit, and add what others have of the month: the
        decision follows from it as it stood in that very moment. Only what would be charged otherwise takes any."""
        if isinstance(answer, Reason) or answer.permission.monthly_pay_limit is None:
            return grounds
        limit = answer.permission.monthly_pay_limit
        decision = decide(grounds)
        if decision.outcome is not Outcome.CHARGE or decision.amount is None:
            return replace(grounds, monthly_pay_limit=limit)
        try:
            paid = self.pay_limits.reserve(
                occasion.future_payment_id,
                decision.amount,
                billing_account_id=rule.billing_account_id,
                permission=answer.permission,
            )
        except MonthlyPayLimitExceeded as refusal:
            paid = refusal.spent
        return replace(grounds, monthly_pay_limit=limit, paid_this_month=paid or Money.zero())
