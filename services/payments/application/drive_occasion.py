"""The dispatcher's step for occasions: read everything anew, decide, keep the record, make the payment."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.application.region_freezes import GuardRegion
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_calendar import charges_in_a_day, counted_since, filled_at
from services.payments.domain.autopay_decision import Grounds, Reason, Word
from services.payments.domain.autopay_grounds import Seen, grounds_of
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import UNDECIDED_OCCASION, AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import Threshold, opening_after
from services.payments.domain.backoff import Backoff
from services.payments.domain.decline import DeclineClass, DeclineTable
from services.payments.domain.payment import UNDECIDED, Payment, PaymentKind, Reached, State
from services.payments.domain.ports import (
    AccountGone,
    Accounts,
    AccountsSilent,
    AlreadySaved,
    AutopayHistory,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    DecisionBalance,
    Due,
    PaymentMethodRepository,
    PaymentRepository,
)

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
    history: AutopayHistory
    accounts: Accounts
    stop_rule: StopRule
    guard_region: GuardRegion
    declines: DeclineTable
    limits: Limits
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
        if occasion.state in UNDECIDED_OCCASION:
            self._decide(occasion, rule)
        if occasion.is_to_charge:
            self._follow_payment(occasion, rule)
            self.occasions.save(occasion)

    def _follow_payment(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """Make the try's payment if there is none yet; otherwise see whether it has ended, and how."""
        payment = self.payments.get(occasion.future_payment_id)
        now = self.clock.now()
        if payment is None:
            self._make_payment(occasion, rule)
        if payment is None or payment.state in UNDECIDED:
            occasion.await_payment(now=now, backoff=self.backoff)
        elif payment.state is State.DECLINED:
            self._take_decline(occasion, rule, reason=payment.decline_reason)
        else:
            occasion.await_payment(now=now, backoff=self.backoff)
            occasion.succeed()

    def _take_decline(self, occasion: AutopayOccasion, rule: AutopayRule, *, reason: str) -> None:
        decline = occasion.fail_try(reason, table=self.declines, now=self.clock.now())
        _log.info(
            "autopay_declined",
            decision_id=occasion.decision_id,
            decline_reason=reason,
            decline_class=decline.decline_class.value,
            occasion_state=occasion.state.value,
        )
        if decline.decline_class is DeclineClass.DEAD_TOKEN and rule.rule_version == occasion.rule_version:
            self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.CARD_DEAD)

    def _decide(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        now = self.clock.now()
        any_hour = _is_threshold(rule) or occasion.word is Word.CONFIRM
        opens_at = None if any_hour else opening_after(now, time_zone=rule.time_zone)
        if opens_at is not None:
            occasion.wait_until(opens_at)
        else:
            self._decide_now(occasion, rule, now=now)
        self.occasions.save(occasion)
        self._stop_if_hopeless(occasion, rule)

    def _decide_now(self, occasion: AutopayOccasion, rule: AutopayRule, *, now: datetime) -> None:
        if self._another_charge_is_being_made(occasion, rule):
            occasion.try_again(now=now, backoff=self.backoff)
            return
        try:
            told, linked = self._balance(rule), True
        except AccountGone:
            told, linked = None, False
        except AccountsSilent:
            occasion.try_again(now=now, backoff=self.backoff)
            return
        grounds = self._grounds(occasion, rule, told=told, linked=linked, now=now)
        guarded = self.guard_region(grounds, decision_id=occasion.decision_id, region=rule.region)
        occasion.decide(guarded, now=now)
        self._reserve(occasion, rule)
        _log_decision(occasion)

    def _another_charge_is_being_made(self, occasion: AutopayOccasion, rule: AutopayRule) -> bool:
        """Say whether a charge was decided whose payment does not exist yet: caps and counts would not see it."""
        reserved = rule.charging_payment_id
        return reserved not in {"", occasion.future_payment_id} and self.payments.get(reserved) is None

    def _reserve(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """Note the charge on the rule before the decision is saved: whoever decided for the same account meanwhile, or
        changed or stopped the rule, makes this decision void."""
        payment_id = occasion.future_payment_id
        if occasion.is_to_charge:
            repeating(lambda: self._reserve_unless_moved(payment_id, rule))
        elif rule.release(payment_id):
            self.rules.save(rule)

    def _reserve_unless_moved(self, payment_id: str, seen: AutopayRule) -> None:
        rule = self.rules.get(seen.autopay_rule_id)
        assert rule is not None, "rules are never deleted"
        if rule.charging_payment_id != seen.charging_payment_id or not rule.allows_charge(
            rule_version=seen.rule_version, now=self.clock.now()
        ):
            raise VersionConflict("The rule moved since it was read.", id=rule.autopay_rule_id)
        rule.reserve(payment_id)
        self.rules.save(rule)

    def _balance(self, rule: AutopayRule) -> DecisionBalance | None:
        """Return what the region says now: every charge needs it, to see what is owed and that no old mandate debits
        the same account (F21). A stopped rule is decided without."""
        if not rule.is_active:
            return None
        return self.accounts.decision_balance(billing_account_id=rule.billing_account_id)

    def _grounds(
        self, occasion: AutopayOccasion, rule: AutopayRule, *, told: DecisionBalance | None, linked: bool, now: datetime
    ) -> Grounds:
        method = self.methods.get(rule.terms.payment_method_id)
        account, besides = rule.billing_account_id, occasion.future_payment_id
        past = self.history.automatic(
            billing_account_id=account, since=counted_since(now, time_zone=rule.time_zone), besides=besides
        )
        seen = Seen(
            account_is_linked=linked,
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
        return grounds_of(rule, occasion, seen, limits=self.limits, now=now)

    def _under_way(self, rule: AutopayRule, told: DecisionBalance | None) -> Money:
        """Read after the balance, so that what is credited in between is seen by one of the two."""
        if told is None:
            return Money.zero()
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
        try:
            self.payments.save(payment)
        except AlreadySaved:
            _log.info("payment_made_before", payment_id=payment.payment_id)

    def _stop_if_hopeless(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """An event or a call that should have stopped the rule got lost: stop it now."""
        reasons = occasion.record.decision.reasons if occasion.record else ()
        for reason, stop_reason in _HOPELESS.items():
            if reason in reasons and rule.is_active and Reason.RULE_CHANGED not in reasons:
                self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=stop_reason)


_HOPELESS = {Reason.CARD_REMOVED: StopReason.CARD_REMOVED, Reason.ACCOUNT_UNLINKED: StopReason.ACCOUNT_UNLINKED}


def _is_threshold(rule: AutopayRule) -> bool:
    return isinstance(rule.terms.trigger, Threshold)


def _log_decision(occasion: AutopayOccasion) -> None:
    assert occasion.record is not None
    decision = occasion.record.decision
    _log.info(
        "autopay_decided",
        decision_id=occasion.decision_id,
        outcome=decision.outcome.value,
        reasons=[reason.value for reason in decision.reasons],
    )
