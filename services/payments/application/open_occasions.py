"""Opening occasions: months whose date has come, and episodes that a balance opened. Nothing is decided here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.application.repeating import repeating
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.ports import (
    AccountGone,
    Accounts,
    AccountsSilent,
    AlreadySaved,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    DecisionBalance,
    Due,
)

_AT_ONCE = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDueOccasions:
    """Opens the occasion of each date rule whose date has come, then moves the rule on to its next date.

    In this order: killed in between, the occasion is found to be there already. It fires in every replica; the unique
    id of the occasion makes it one.
    """

    rules: AutopayRuleRepository
    occasions: AutopayOccasionRepository
    clock: Clock

    def __call__(self) -> int:
        """Return how many rules were moved on by this call."""
        return sum(self._open(rule) for rule in self.rules.due_by_date(now=self.clock.now(), limit=_AT_ONCE))

    def _open(self, rule: AutopayRule) -> int:
        now = self.clock.now()
        occasion = rule.open_period(now=now)
        if occasion is None:
            return 0
        open_once(self.occasions, occasion)
        rule.pass_period(now=now)
        try:
            self.rules.save(rule)
        except VersionConflict:  # another replica was first, or the rule was changed: the next tick sees
            return 0
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveBalance:
    """Takes note of a balance that a region told: it may open an episode of the account's threshold rule."""

    rules: AutopayRuleRepository
    occasions: AutopayOccasionRepository
    clock: Clock

    def __call__(self, *, billing_account_id: str, balance: Money, as_of: datetime) -> None:
        """Record it. The rule is saved before its occasion: killed in between, the next look opens what is missing."""
        repeating(lambda: self._observe(billing_account_id, balance, as_of))

    def _observe(self, billing_account_id: str, balance: Money, as_of: datetime) -> None:
        rule = self.rules.active_of_account(billing_account_id=billing_account_id)
        if rule is None:
            return
        was_armed = rule.armed
        opened = rule.observe(balance, as_of=as_of)
        if rule.armed != was_armed:
            self.rules.save(rule)
        if opened:
            open_episode(self.occasions, rule, now=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckRules:
    """Looks at the account of each rule at once and then every now and then, since an event may get lost, or come
    before the rule was saved: at the balance of a threshold rule, at the link of a date rule.

    It also opens an episode's occasion that a crash left out, and stops the rule of an account that is gone.
    """

    due: Due[AutopayRule]
    rules: AutopayRuleRepository
    occasions: AutopayOccasionRepository
    accounts: Accounts
    stop_rule: StopRule
    clock: Clock
    every: timedelta

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        rule = self.due.claim()
        if rule is None:
            return False
        try:
            self._look(rule)
        except VersionConflict:
            _log.info("rule_changed_meanwhile", autopay_rule_id=rule.autopay_rule_id)
        except AccountGone:
            self.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.ACCOUNT_UNLINKED)
        return True

    def _look(self, rule: AutopayRule) -> None:
        now = self.clock.now()
        told = self._told(rule)
        self._catch_up(rule, told=told, now=now)
        opened = told is not None and rule.observe(told.balance, as_of=told.as_of)
        rule.look_again(after=self.every, now=now)
        if not rule.is_active:
            rule.due_at = None
        self.rules.save(rule)
        if opened:
            open_episode(self.occasions, rule, now=now)

    def _catch_up(self, rule: AutopayRule, *, told: DecisionBalance | None, now: datetime) -> None:
        occasion = self.occasions.get(rule.episode_id)
        if occasion is None:
            open_episode(self.occasions, rule, now=now)
        else:
            rule.arm_again(occasion, old_mandate_active=told is None or told.old_mandate_active)

    def _told(self, rule: AutopayRule) -> DecisionBalance | None:
        try:
            if not rule.watches_balance:
                self.accounts.check_linked(subscriber_id=rule.subscriber_id, billing_account_id=rule.billing_account_id)
                return None
            return self.accounts.decision_balance(billing_account_id=rule.billing_account_id)
        except AccountsSilent:
            return None


def open_episode(occasions: AutopayOccasionRepository, rule: AutopayRule, *, now: datetime) -> None:
    """Open the occasion of a rule's last episode unless it was opened before."""
    occasion = rule.open_episode(now=now)
    if occasion is not None:
        open_once(occasions, occasion)


def open_once(occasions: AutopayOccasionRepository, occasion: AutopayOccasion) -> None:
    """Save a new occasion; that it is there already is no news."""
    try:
        occasions.save(occasion)
    except AlreadySaved:
        _log.info("occasion_open_already", decision_id=occasion.decision_id)
