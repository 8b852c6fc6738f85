"""The dispatcher's step for occasions: read everything anew, decide, keep the record, charge."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.payments.application.charge_occasion import ChargeOccasion
from services.payments.application.read_grounds import ReadGrounds
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_decision import Reason, Word
from services.payments.domain.autopay_occasion import UNDECIDED_OCCASION, AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import opening_after
from services.payments.domain.backoff import Backoff
from services.payments.domain.decline import DeclineClass, DeclineTable
from services.payments.domain.payment import UNDECIDED, Payment, State
from services.payments.domain.ports import (
    AccountsSilent,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    Due,
    PaymentRepository,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveOccasions:
    """Claims one due occasion and brings it on: to its decision, and for a charge to its payment and its outcome.

    The decision is saved before the payment is made, the payment's id follows from the decision's, and what is not
    known of a charge is found out by whoever drives payments: a kill between any two lines neither loses the charge nor
    doubles it.
    """

    due: Due[AutopayOccasion]
    occasions: AutopayOccasionRepository
    rules: AutopayRuleRepository
    payments: PaymentRepository
    read_grounds: ReadGrounds
    charge: ChargeOccasion
    stop_rule: StopRule
    declines: DeclineTable
    clock: Clock
    backoff: Backoff

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        occasion = self.due.claim()
        if occasion is None:
            return False
        claimed_version = occasion.version
        try:
            self._step(occasion)
        except VersionConflict as lost_race:
            moved = lost_race.metadata.get("id", "")
            _log.info("occasion_moved_meanwhile", decision_id=occasion.decision_id, moved=moved)
            self._step_again_soon(occasion.decision_id, claimed_version)
        return True

    def _step_again_soon(self, decision_id: str, claimed_version: int) -> None:
        """It was the occasion that moved, and whoever moved it has planned its next step. Or it was its rule, or what
        all charges of the region are counted by: then nobody else comes before the lease has run out."""
        occasion = self.occasions.get(decision_id)
        if occasion is None or occasion.version != claimed_version:
            return
        occasion.try_again(now=self.clock.now(), backoff=self.backoff)
        with suppress(VersionConflict):  # somebody moved it just now
            self.occasions.save(occasion)

    def _step(self, occasion: AutopayOccasion) -> None:
        if occasion.state in UNDECIDED_OCCASION:
            rule = self._rule(occasion.autopay_rule_id)
            self._decide(occasion, rule)
            if occasion.is_to_charge:
                self._charge(occasion, rule)
        elif occasion.is_to_charge:
            self._follow_payment(occasion)

    def _rule(self, autopay_rule_id: str) -> AutopayRule:
        rule = self.rules.get(autopay_rule_id)
        assert rule is not None, "rules are never deleted"
        return rule

    def _charge(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """The occasion is due again after a pause: only what the charge has come to is left to be saved."""
        payment = self.charge(occasion, rule)
        if payment.state not in UNDECIDED:
            self._take_outcome(occasion, payment)

    def _follow_payment(self, occasion: AutopayOccasion) -> None:
        """See whether the try's payment has ended, and how; make it if whoever decided did not come to it."""
        payment = self.payments.get(occasion.future_payment_id)
        if payment is None:
            payment = self.charge(occasion, self._rule(occasion.autopay_rule_id))
        self._take_outcome(occasion, payment)

    def _take_outcome(self, occasion: AutopayOccasion, payment: Payment) -> None:
        if payment.state is State.DECLINED:
            self._take_decline(occasion, reason=payment.decline_reason)
        else:
            occasion.await_payment(now=self.clock.now(), backoff=self.backoff)
            if payment.state not in UNDECIDED:
                occasion.succeed()
        self.occasions.save(occasion)

    def _take_decline(self, occasion: AutopayOccasion, *, reason: str) -> None:
        decline = occasion.fail_try(reason, table=self.declines, now=self.clock.now())
        _log.info(
            "autopay_declined",
            decision_id=occasion.decision_id,
            decline_reason=reason,
            decline_class=decline.decline_class.value,
            occasion_state=occasion.state.value,
        )
        if decline.decline_class is DeclineClass.DEAD_TOKEN:
            self._stop_with_its_card(occasion)

    def _stop_with_its_card(self, occasion: AutopayOccasion) -> None:
        """Stop the rule, unless it was changed meanwhile: then it may be on another card."""
        if self._rule(occasion.autopay_rule_id).rule_version == occasion.rule_version:
            self.stop_rule(autopay_rule_id=occasion.autopay_rule_id, reason=StopReason.CARD_DEAD)

    def _decide(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        now = self.clock.now()
        # What cannot be charged any more, or was asked for by the subscriber, needs no morning.
        by_day = rule.is_active and not rule.watches_balance and occasion.word is not Word.CONFIRM
        opens_at = opening_after(now, time_zone=rule.time_zone) if by_day else None
        if opens_at is not None:
            occasion.wait_until(opens_at)
        else:
            self._decide_now(occasion, rule, now=now)
        self.occasions.save(occasion)
        self._give_back_unused(occasion, rule)
        self._stop_if_hopeless(occasion, rule)

    def _decide_now(self, occasion: AutopayOccasion, rule: AutopayRule, *, now: datetime) -> None:
        if self._another_charge_is_being_made(occasion, rule):
            occasion.try_again(now=now, backoff=self.backoff)
            return
        try:
            grounds = self.read_grounds(occasion, rule, now=now)
        except AccountsSilent:
            occasion.try_again(now=now, backoff=self.backoff)
            return
        occasion.decide(grounds, now=now)
        if occasion.is_to_charge:  # its payment is made at once, and looked for after a pause, whoever made it
            occasion.try_again(now=now, backoff=self.backoff)
        self._reserve(occasion, rule)
        _log_decision(occasion)

    def _give_back_unused(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """Free what was set aside for a charge that is not made. After the save: a zombie with another decision frees
        nothing of whoever charges."""
        if occasion.record is not None and not occasion.is_to_charge:
            self.charge.give_back(occasion, occasion.record, rule)

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
        rule = self._rule(seen.autopay_rule_id)
        if rule.charging_payment_id != seen.charging_payment_id or not rule.allows_charge(
            rule_version=seen.rule_version, now=self.clock.now()
        ):
            raise VersionConflict("The rule moved since it was read.", id=rule.autopay_rule_id)
        rule.reserve(payment_id)
        self.rules.save(rule)

    def _stop_if_hopeless(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        """An event or a call that should have stopped the rule got lost: stop it now."""
        reasons = occasion.record.decision.reasons if occasion.record else ()
        for reason, stop_reason in _HOPELESS.items():
            if reason in reasons and rule.is_active and Reason.RULE_CHANGED not in reasons:
                self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=stop_reason)


_HOPELESS = {Reason.CARD_REMOVED: StopReason.CARD_REMOVED, Reason.ACCOUNT_UNLINKED: StopReason.ACCOUNT_UNLINKED}


def _log_decision(occasion: AutopayOccasion) -> None:
    assert occasion.record is not None
    decision = occasion.record.decision
    _log.info(
        "autopay_decided",
        decision_id=occasion.decision_id,
        outcome=decision.outcome.value,
        reasons=[reason.value for reason in decision.reasons],
    )
