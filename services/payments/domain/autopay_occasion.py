"""An occasion of a rule: a month or an episode that is charged once at most, with the records of how it was decided."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.payments.domain.autopay_decision import Decision, Grounds, Outcome, Reason, Word, decide
from services.payments.domain.autopay_events import AutopayChargeDeclined, AutopayChargeHeld, AutopayEvent
from services.payments.domain.backoff import Backoff
from services.payments.domain.decline import Decline, DeclineClass, DeclineTable
from services.payments.domain.payment import autopay_payment_id

_HELD_IS_LOOKED_AT_EVERY = timedelta(hours=1)
_WAITS_AT_MOST = timedelta(minutes=15)
_LEAVES_OPEN = {Reason.BALANCE_RECOVERED, Reason.MONEY_UNDER_WAY, Reason.ACCOUNT_DISPUTED, Reason.GRANT_FROZEN}


class OccasionNotFound(DomainError):
    """There is no such occasion, or it is another's."""

    reason = "AUTOPAY_DECISION_NOT_FOUND"
    kind = Kind.NOT_FOUND


class OccasionNotHeld(DomainError):
    """Nobody is asked about this charge any more: it was answered, it lapsed, or it was made."""

    reason = "AUTOPAY_DECISION_NOT_HELD"
    kind = Kind.FAILED_PRECONDITION


class OccasionState(Enum):
    """The life cycle."""

    OPEN = "open"
    CHARGING = "charging"
    RETRYING = "retrying"
    HELD = "held"
    CHARGED = "charged"
    SKIPPED = "skipped"
    FAILED = "failed"


_NEXT: dict[OccasionState, frozenset[OccasionState]] = {
    OccasionState.OPEN: frozenset({OccasionState.CHARGING, OccasionState.HELD, OccasionState.SKIPPED}),
    # Declined: decided anew later, with a payment of its own, or given up.
    OccasionState.CHARGING: frozenset({OccasionState.CHARGED, OccasionState.RETRYING, OccasionState.FAILED}),
    OccasionState.RETRYING: frozenset({OccasionState.CHARGING, OccasionState.HELD, OccasionState.SKIPPED}),
    # Waits for a person's word, or for a region's freeze to end; nothing is charged meanwhile.
    OccasionState.HELD: frozenset({OccasionState.CHARGING, OccasionState.HELD, OccasionState.SKIPPED}),
    OccasionState.CHARGED: frozenset(),
    OccasionState.SKIPPED: frozenset(),
    OccasionState.FAILED: frozenset(),
}
UNDECIDED_OCCASION = frozenset({OccasionState.OPEN, OccasionState.RETRYING, OccasionState.HELD})
_STATE_AFTER = {
    Outcome.CHARGE: OccasionState.CHARGING,
    Outcome.SKIP: OccasionState.SKIPPED,
    Outcome.HOLD: OccasionState.HELD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """A decision with its grounds: enough to make it again."""

    grounds: Grounds
    decision: Decision

    def replays(self) -> bool:
        """Say whether the same grounds still lead to the same decision."""
        return decide(self.grounds) == self.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTry:
    """A try that was decided for, made as a payment, and declined."""

    record: DecisionRecord
    payment_id: str
    decline: Decline


@dataclass(slots=True, kw_only=True)
class AutopayOccasion:
    """An occasion. Its id, `<rule>:<month or episode>`, is unique, and it has one payment at a time that is not final:
    that makes it one charge at most (I4).

    `record` and `payment_id` are those of the latest try. Ids are empty in documents of before they were kept.
    """

    decision_id: str
    autopay_rule_id: str
    rule_version: int
    opened_at: datetime
    charge_due_at: datetime
    subscriber_id: str = ""
    billing_account_id: str = ""
    state: OccasionState = OccasionState.OPEN
    record: DecisionRecord | None = None
    payment_id: str = ""
    tries: tuple[EndedTry, ...] = ()
    try_due_at: datetime | None = None
    word: Word | None = None
    held_since: datetime | None = None
    asked: int = 0
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[AutopayEvent] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        return not _NEXT[self.state]

    @property
    def is_to_charge(self) -> bool:
        return self.state is OccasionState.CHARGING

    @property
    def asks_subscriber(self) -> bool:
        """Whether the subscriber is to say if the charge is to be made."""
        return self.state is OccasionState.HELD and self.held_since is not None and self.word is None

    @property
    def next_step_at(self) -> datetime | None:
        """When the subscriber will see something happen by itself: a new try, or the end of the time to answer."""
        if self.state is OccasionState.RETRYING:
            return self.due_at
        if self.asks_subscriber and self.held_since is not None and self.record is not None:
            return self.held_since + self.record.grounds.limits.hold_lapses_after
        return None

    @property
    def current_due_at(self) -> datetime:
        """When the present try was due: the date, or the time of its retry."""
        return self.try_due_at or self.charge_due_at

    @property
    def gives_episode_back(self) -> bool:
        """Whether it was skipped for a reason that leaves the crossing of the threshold unanswered."""
        return self._was_skipped_for(_LEAVES_OPEN)

    @property
    def waited_for_old_mandate(self) -> bool:
        """Whether it was skipped because the region's own debit may have been made (F21)."""
        return self._was_skipped_for({Reason.OLD_MANDATE_ACTIVE})

    @property
    def future_payment_id(self) -> str:
        """The id that the present try's payment has or will have; it follows from the decision and the try alone."""
        number = len(self.tries) + 1
        return autopay_payment_id(self.decision_id if number == 1 else f"{self.decision_id}:try-{number}")

    def decide(self, grounds: Grounds, /, *, now: datetime) -> None:
        """Make the decision of the present try, once. A charge still needs its payment, and is due until it has it."""
        if self.state not in UNDECIDED_OCCASION:
            return
        self.record = DecisionRecord(grounds=grounds, decision=decide(grounds))
        self._move_to(_STATE_AFTER[self.record.decision.outcome])
        if self.is_to_charge:
            self.due_at = now
        elif self.state is OccasionState.HELD:
            self._hold(self.record, now=now)

    def await_payment(self, *, now: datetime, backoff: Backoff) -> None:
        """The payment exists; when it ends is looked for after a pause."""
        self.payment_id = self.future_payment_id
        self.try_again(now=now, backoff=backoff)

    def succeed(self) -> None:
        """The money was taken."""
        self._move_to(OccasionState.CHARGED)

    def fail_try(self, reason: str, /, *, table: DeclineTable, now: datetime) -> Decline:
        """The try's payment was declined, for good: plan to decide anew if its class says so."""
        assert self.record is not None, "only what was decided can be declined"
        decline = Decline(reason=reason, decline_class=table.class_of(reason), at=now)
        ended = EndedTry(record=self.record, payment_id=self.future_payment_id, decline=decline)
        next_try_at = table.next_try_at((*(past.decline for past in self.tries), decline))
        self._move_to(OccasionState.FAILED if next_try_at is None else OccasionState.RETRYING)
        self.tries = (*self.tries, ended)
        self.due_at = next_try_at
        if decline.decline_class is not DeclineClass.OUTDATED:  # what was not sent in time is as late as it was
            self.try_due_at = next_try_at
        self._tell_declined(ended)
        return decline

    def confirm(self, *, now: datetime) -> None:
        """The subscriber wants the held charge: decide anew, now. Raises OccasionNotHeld."""
        self._answer(Word.CONFIRM, now=now)

    def dismiss(self, *, now: datetime) -> None:
        """The subscriber does not want the held charge. Raises OccasionNotHeld."""
        self._answer(Word.SKIP, now=now)

    def try_again(self, *, now: datetime, backoff: Backoff) -> None:
        """Nothing could be read to decide on, or the payment has not ended: later, never on stale data, and soon after
        whoever was silent is back."""
        self.due_at = now + min(backoff.pause(self.asked), _WAITS_AT_MOST)
        self.asked += 1

    def hurry(self, *, now: datetime) -> bool:
        """Have it decided now; say whether that was still to come."""
        undecided = self.state in UNDECIDED_OCCASION
        if undecided:
            self.due_at = now
        return undecided

    def wait_until(self, moment: datetime, /) -> None:
        """It is night in the region, or the region is frozen."""
        self.due_at = moment

    def _hold(self, record: DecisionRecord, *, now: datetime) -> None:
        """A subscriber is asked once and has a while to answer; a region's freeze has no end of its own. Meanwhile it
        is decided anew every hour, so that a rule that was stopped or a debt that was paid ends the wait."""
        self.due_at = now + _HELD_IS_LOOKED_AT_EVERY
        if Reason.TOO_MANY_AUTOMATIC_CHARGES in record.decision.reasons:
            lapses_at = (self.held_since or now) + record.grounds.limits.hold_lapses_after
            if self.held_since is None:
                self.held_since = now
                self._tell_held(record, lapses_at=lapses_at, now=now)
            self.due_at = min(self.due_at, lapses_at)

    def _tell_held(self, record: DecisionRecord, *, lapses_at: datetime, now: datetime) -> None:
        self.pending_events.append(
            AutopayChargeHeld(
                decision_id=self.decision_id,
                subscriber_id=self.subscriber_id,
                billing_account_id=self.billing_account_id,
                lapses_at=lapses_at,
                held_at=now,
                time_zone=record.grounds.time_zone,
            )
        )

    def _tell_declined(self, ended: EndedTry) -> None:
        """What was withdrawn or is decided anew at once is no news to the subscriber; whose an old occasion is, it does
        not say."""
        decline = ended.decline
        if decline.decline_class in {DeclineClass.WITHDRAWN, DeclineClass.OUTDATED} or not self.subscriber_id:
            return
        self.pending_events.append(
            AutopayChargeDeclined(
                decision_id=self.decision_id,
                subscriber_id=self.subscriber_id,
                billing_account_id=self.billing_account_id,
                try_number=len(self.tries),
                decline_class=decline.decline_class.value,
                next_try_at=self.due_at,
                declined_at=decline.at,
                time_zone=ended.record.grounds.time_zone,
            )
        )

    def _answer(self, word: Word, *, now: datetime) -> None:
        if self.word is word:
            return
        lapses_at = self.next_step_at
        if not self.asks_subscriber or lapses_at is None or now >= lapses_at:
            raise OccasionNotHeld("Nobody is asked about this charge any more.")
        self.word, self.due_at = word, now

    def _was_skipped_for(self, reasons: set[Reason]) -> bool:
        skipped = self.state is OccasionState.SKIPPED and self.record is not None
        return skipped and self.record is not None and bool(reasons & set(self.record.decision.reasons))

    def _move_to(self, state: OccasionState) -> None:
        assert state in _NEXT[self.state], f"{self.state.value} -> {state.value}"
        self.state = state
        self.asked = 0
        self.due_at = None
