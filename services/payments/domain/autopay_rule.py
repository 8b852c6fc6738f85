"""The autopay rule of a billing account: its terms, its next date, its threshold episodes; no charging here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.autopay_amount import AmountTerm, Caps
from services.payments.domain.autopay_decision import Word
from services.payments.domain.autopay_events import AutopayChargeAnnounced, AutopayEvent
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_trigger import Threshold, Trigger, next_charge


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


class PauseInvalid(DomainError):
    """A pause ends in the future, and within the year."""

    reason = "PAUSE_INVALID"
    kind = Kind.INVALID


class StopReason(Enum):
    """By whom or why a rule was stopped."""

    SUBSCRIBER = "SUBSCRIBER"
    CARD_REMOVED = "CARD_REMOVED"
    ACCOUNT_UNLINKED = "ACCOUNT_UNLINKED"
    CARD_DEAD = "CARD_DEAD"


LINK_IS_LOOKED_AT_EVERY = timedelta(days=1)
NO_CAPS = Caps()
ANNOUNCED_BEFORE = timedelta(days=1)
_PAUSED_AT_MOST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the subscriber agreed to."""

    payment_method_id: str
    trigger: Trigger
    amount: AmountTerm
    caps: Caps = NO_CAPS


@dataclass(slots=True, kw_only=True)
class AutopayRule:
    """A rule. `episode` counts downward crossings of the threshold; `armed` says that the next one counts;
    `settled_episode` is the last one that is not given back any more.

    `region` is empty for a rule of before it was kept. `charging_payment_id` is the payment that was last decided for:
    as long as it is not made, the account's next charge cannot be decided, for nothing else shows that one. `answer` is
    what the subscriber said about the charge of `answered_period` when it was announced.
    """

    autopay_rule_id: str
    subscriber_id: str
    billing_account_id: str
    time_zone: str
    terms: Terms
    created_at: datetime
    request_id: str
    fingerprint: str
    region: str = ""
    rule_version: int = 1
    stopped_at: datetime | None = None
    stop_reason: StopReason | None = None
    paused_until: datetime | None = None
    next_charge_at: datetime | None = None
    next_period: str = ""
    last_period: str = ""
    armed: bool = True
    episode: int = 0
    episode_rule_version: int = 0
    settled_episode: int = 0
    balance_as_of: datetime | None = None
    charging_payment_id: str = ""
    announce_at: datetime | None = None
    announced_period: str = ""
    answered_period: str = ""
    answer: Word | None = None
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[AutopayEvent] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        return self.stop_reason is None

    def is_paused(self, *, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until

    def allows_charge(self, *, rule_version: int, now: datetime) -> bool:
        """Say whether a charge that was decided by that version of the terms may still be sent."""
        return self.is_active and self.rule_version == rule_version and not self.is_paused(now=now)

    @property
    def episode_id(self) -> str:
        """The decision id of the last opened episode."""
        return f"{self.autopay_rule_id}:episode-{self.episode}"

    @property
    def period_id(self) -> str:
        """The decision id of the next date's month."""
        return f"{self.autopay_rule_id}:{self.next_period}"

    def plan(self, *, now: datetime) -> None:
        """Set the next date, none within a pause. The first look at the account is due at once, whatever the trigger:
        it may have been unlinked while the rule was being made, and the event of it come before there was a rule to
        stop."""
        trigger = self.terms.trigger
        self.due_at = now
        if isinstance(trigger, Threshold):
            self.next_charge_at, self.next_period, self.announce_at = None, "", None
            return
        upcoming = next_charge(
            trigger,
            rule_id=self.autopay_rule_id,
            time_zone=self.time_zone,
            after=max(now, self.paused_until or now),
            last_period=self.last_period,
        )
        self.next_charge_at, self.next_period = upcoming.charge_at, upcoming.period
        announced = self.announced_period == upcoming.period
        self.announce_at = None if announced else upcoming.charge_at - ANNOUNCED_BEFORE

    def pass_period(self, *, now: datetime) -> None:
        """The next date's month has its occasion: go on to the first date from now on. What was missed is not made
        up for. The occasion asks about the link by itself."""
        self.last_period = self.next_period
        self.plan(now=now)
        self.look_again(after=LINK_IS_LOOKED_AT_EVERY, now=now)

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
            self.next_charge_at, self.next_period, self.announce_at, self.due_at = None, "", None, None

    def announce(self, *, now: datetime) -> None:
        """Tell that the next date is near, once for each date."""
        assert self.next_charge_at is not None, "a threshold has no dates to announce"
        self.announce_at, self.announced_period = None, self.next_period
        self.pending_events.append(
            AutopayChargeAnnounced(
                decision_id=self.period_id,
                subscriber_id=self.subscriber_id,
                billing_account_id=self.billing_account_id,
                charge_at=self.next_charge_at,
                announced_at=now,
            )
        )

    def awaits_answer(self, period: str, /, *, rule_version: int) -> bool:
        """Say whether the links of a date's notice still do something: nobody has used one, the terms are those that
        it told of, and the date has not come."""
        current = self.is_active and self.rule_version == rule_version and self.next_period == period
        return current and self.answered_period != period

    def take_answer(self, word: Word, /, *, now: datetime) -> None:
        """The subscriber wants the next charge left out, or made now: then its date is now."""
        self.answered_period, self.answer = self.next_period, word
        if word is Word.CONFIRM:
            self.next_charge_at, self.announce_at = now, None

    def pause(self, *, until: datetime, now: datetime) -> None:
        """Charge nothing until then. Raises AutopayRuleStopped, PauseInvalid."""
        self._check_active()
        if not now < until <= now + _PAUSED_AT_MOST:
            raise PauseInvalid("A pause ends in the future, within a year.")
        self.paused_until = until
        self.plan(now=now)

    def resume(self, *, now: datetime) -> None:
        """End a pause before its time. What fell into it is not made up for: a month whose date has passed is passed,
        a threshold that was crossed is waited for anew. Raises AutopayRuleStopped."""
        self._check_active()
        if self.is_paused(now=now):
            self.paused_until = now
            self.plan(now=now)

    def observe(self, balance: Money, *, as_of: datetime) -> bool:
        """Take note of a balance; True when it opened a new episode.

        One episode per downward crossing: it disarms the rule, and only a newer balance above the minimum arms it
        again. An observation that is older than one already taken note of says nothing. A crossing within a pause
        disarms the rule and opens nothing, nor is the episode before it given back: resuming never catches up.
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
        self.armed = False
        if self.is_paused(now=as_of):
            self.settled_episode = self.episode
            return False
        self.episode += 1
        self.episode_rule_version = self.rule_version
        return True

    def arm_again(self, occasion: AutopayOccasion, /, *, old_mandate_active: bool) -> None:
        """Give the episode back, once, when its occasion found the balance recovered, money under way that may yet not
        arrive, a dispute or a frozen grant that will end, or an old mandate that has ended since: then the next balance
        at the minimum is a new episode."""
        if occasion.decision_id != self.episode_id or self.settled_episode == self.episode:
            return
        answered = occasion.waited_for_old_mandate and not old_mandate_active
        if occasion.gives_episode_back or answered:
            self.armed, self.settled_episode = True, self.episode

    def reserve(self, payment_id: str, /) -> None:
        """A charge was decided. Saving the rule lets one of two deciders through who read it alike."""
        self.charging_payment_id = payment_id

    def release(self, payment_id: str, /) -> bool:
        """The charge was decided otherwise after all; say whether it had been reserved."""
        reserved = self.charging_payment_id == payment_id
        if reserved:
            self.charging_payment_id = ""
        return reserved

    def open_episode(self, *, now: datetime) -> AutopayOccasion | None:
        """Return the occasion of the last opened episode, to be saved unless it is there already."""
        if not self.episode:
            return None
        return self._occasion(self.episode_id, self.episode_rule_version, charge_due_at=now, now=now)

    def open_period(self, *, now: datetime) -> AutopayOccasion | None:
        """Return the occasion of the date that has come, if one has."""
        if self.next_charge_at is None or self.next_charge_at > now:
            return None
        occasion = self._occasion(self.period_id, self.rule_version, charge_due_at=self.next_charge_at, now=now)
        occasion.word = self.word_about(self.next_period)
        return occasion

    def word_about(self, period: str, /) -> Word | None:
        """Return what the subscriber has said about a date beforehand."""
        return self.answer if self.answered_period == period else None

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
            subscriber_id=self.subscriber_id,
            billing_account_id=self.billing_account_id,
            rule_version=rule_version,
            opened_at=now,
            charge_due_at=charge_due_at,
            due_at=now,
        )

    def _check_active(self) -> None:
        if not self.is_active:
            raise AutopayRuleStopped("The rule was stopped.")
