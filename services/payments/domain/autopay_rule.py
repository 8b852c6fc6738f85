"""The autopay rule of a billing account: its terms, its next date, its threshold episodes; no charging here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_trigger import Threshold, Trigger, next_charge

LINK_IS_LOOKED_AT_EVERY = timedelta(days=1)


class AutopayRuleNotFound(DomainError):
    """There is no such rule, or it is another's."""

    reason = "AUTOPAY_RULE_NOT_FOUND"
    kind = Kind.NOT_FOUND


class AutopayRuleExists(DomainError):
    """The account has an active rule already: one rule per account (F20)."""

    reason = "AUTOPAY_RULE_EXISTS"
    kind = Kind.ALREADY_EXISTS


class AutopayRuleStopped(DomainError):
    """A stopped rule stays stopped; a new one is a new consent."""

    reason = "AUTOPAY_RULE_STOPPED"
    kind = Kind.FAILED_PRECONDITION


class StopReason(Enum):
    """By whom or why a rule was stopped."""

    SUBSCRIBER = "SUBSCRIBER"
    CARD_REMOVED = "CARD_REMOVED"
    ACCOUNT_UNLINKED = "ACCOUNT_UNLINKED"
    CARD_DEAD = "CARD_DEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the subscriber agreed to."""

    payment_method_id: str
    trigger: Trigger
    amount: Money


@dataclass(slots=True, kw_only=True)
class AutopayRule:
    """A rule. `episode` counts downward crossings of the threshold; `armed` says that the next one counts."""

    autopay_rule_id: str
    subscriber_id: str
    billing_account_id: str
    time_zone: str
    terms: Terms
    created_at: datetime
    request_id: str
    fingerprint: str
    rule_version: int = 1
    stopped_at: datetime | None = None
    stop_reason: StopReason | None = None
    next_charge_at: datetime | None = None
    next_period: str = ""
    last_period: str = ""
    armed: bool = True
    episode: int = 0
    episode_rule_version: int = 0
    balance_as_of: datetime | None = None
    due_at: datetime | None = None
    version: int = 0

    @property
    def is_active(self) -> bool:
        return self.stop_reason is None

    @property
    def episode_id(self) -> str:
        """The decision id of the last opened episode."""
        return f"{self.autopay_rule_id}:episode-{self.episode}"

    @property
    def period_id(self) -> str:
        """The decision id of the next date's month."""
        return f"{self.autopay_rule_id}:{self.next_period}"

    def plan(self, *, now: datetime) -> None:
        """Set the next date. The first look at the account is due at once, whatever the trigger: it may have been
        unlinked while the rule was being made, and the event of it come before there was a rule to stop."""
        trigger = self.terms.trigger
        self.due_at = now
        if isinstance(trigger, Threshold):
            self.next_charge_at, self.next_period = None, ""
            return
        upcoming = next_charge(
            trigger,
            rule_id=self.autopay_rule_id,
            time_zone=self.time_zone,
            after=now,
            last_period=self.last_period,
        )
        self.next_charge_at, self.next_period = upcoming.charge_at, upcoming.period

    def pass_period(self, *, now: datetime) -> None:
        """The next date's month has its occasion: go on to the first date from now on. What was missed is not made
        up for."""
        self.last_period = self.next_period
        self.plan(now=now)

    def change(self, terms: Terms, *, now: datetime) -> None:
        """Replace the terms; what was due under the old ones is not charged."""
        self._check_active()
        self.terms = terms
        self.rule_version += 1
        self.armed = True
        self.plan(now=now)

    def stop(self, reason: StopReason, *, now: datetime) -> None:
        """End it at once. The first reason is kept."""
        if self.is_active:
            self.stop_reason, self.stopped_at = reason, now
            self.next_charge_at, self.next_period, self.due_at = None, "", None

    def observe(self, balance: Money, *, as_of: datetime) -> bool:
        """Take note of a balance; True when it opened a new episode.

        One episode per downward crossing: it disarms the rule, and only a newer balance above the minimum arms it
        again. An observation that is older than one already taken note of says nothing.
        """
        trigger = self.terms.trigger
        seen = self.balance_as_of
        if not self.is_active or not isinstance(trigger, Threshold) or (seen is not None and as_of < seen):
            return False
        self.balance_as_of = as_of
        if balance > trigger.minimum_balance:
            self.armed = True
            return False
        if not self.armed:
            return False
        self.armed, self.episode = False, self.episode + 1
        self.episode_rule_version = self.rule_version
        return True

    def arm_again(self, occasion: AutopayOccasion, /) -> None:
        """Give the episode back when its occasion found the balance recovered, money under way that may yet not arrive,
        or a dispute that will end: then the next balance at the minimum is a new episode."""
        if occasion.decision_id == self.episode_id and occasion.gives_episode_back:
            self.armed = True

    def open_episode(self, *, now: datetime) -> AutopayOccasion | None:
        """Return the occasion of the last opened episode, to be saved unless it is there already."""
        if not self.episode:
            return None
        return self._occasion(self.episode_id, self.episode_rule_version, charge_due_at=now, now=now)

    def open_period(self, *, now: datetime) -> AutopayOccasion | None:
        """Return the occasion of the date that has come, if one has."""
        if self.next_charge_at is None or self.next_charge_at > now:
            return None
        return self._occasion(self.period_id, self.rule_version, charge_due_at=self.next_charge_at, now=now)

    @property
    def watches_balance(self) -> bool:
        """Whether a balance decides when it charges; otherwise a date does."""
        return isinstance(self.terms.trigger, Threshold)

    def look_again(self, *, after: timedelta, now: datetime) -> None:
        """Plan the next look at the account, in case an event got lost: `after` for a balance, a day for the link."""
        if self.is_active:
            self.due_at = now + (after if self.watches_balance else LINK_IS_LOOKED_AT_EVERY)

    def _occasion(
        self, decision_id: str, rule_version: int, *, charge_due_at: datetime, now: datetime
    ) -> AutopayOccasion:
        return AutopayOccasion(
            decision_id=decision_id,
            autopay_rule_id=self.autopay_rule_id,
            rule_version=rule_version,
            opened_at=now,
            charge_due_at=charge_due_at,
            due_at=now,
        )

    def _check_active(self) -> None:
        if not self.is_active:
            raise AutopayRuleStopped("The rule was stopped.")
