"""A payment: what may happen to it, by the table of its states; who asks the acquirer and when is not known here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.backoff import Backoff
from services.payments.domain.events import PaymentCaptured, PaymentDeclined, PaymentEvent
from services.payments.domain.evidence import Chargeback, Evidence
from services.payments.domain.payment_kind import PaymentKind as PaymentKind
from services.payments.domain.payment_states import FINAL as FINAL
from services.payments.domain.payment_states import MEANINGS, NEXT, Turn
from services.payments.domain.payment_states import UNDECIDED as UNDECIDED
from services.payments.domain.payment_states import State as State
from services.payments.domain.problem import Problem as Problem
from services.payments.domain.refund import Refund, RefundState, total

# YooKassa remembers a key for 24 hours; within them the same key is the same charge. An hour is left for clocks.
# https://yookassa.ru/developers/using-api/interaction-format#idempotence
KEY_IS_GOOD_FOR = timedelta(hours=23)
UNKNOWN_AT_MOST = timedelta(hours=24)
# What is undecided is asked about this often for that day: a charge that never arrived is repeated while its key is
# good, whenever the acquirer comes back; a page that was confirmed is credited soon although its webhook got lost.
UNDECIDED_IS_ASKED_ABOUT_EVERY = timedelta(minutes=10)
_LAST_REPEAT_BEFORE_KEY_ENDS = timedelta(minutes=1)
# Money that was taken and is not credited or given back yet is looked after every minute, for as long as it takes (I2).
HELD_MONEY_IS_LOOKED_AFTER_EVERY = timedelta(minutes=1)


# Why an automatic payment was never sent: declined by ourselves, in words beside those of the acquirer.
METHOD_REMOVED = "payment_method_removed"
AUTOPAY_STOPPED = "autopay_stopped"
ACCOUNT_UNLINKED = "billing_account_unlinked"


class IllegalMove(DomainError):
    """A payment cannot go from its state to that one (I7)."""

    reason = "PAYMENT_MOVE_ILLEGAL"
    kind = Kind.FAILED_PRECONDITION


class PaymentNotFound(DomainError):
    """There is no such payment, or it is another's."""

    reason = "PAYMENT_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Reached:
    """A state and when it was reached."""

    state: State
    at: datetime


@dataclass(slots=True, kw_only=True)
class Payment:
    """A payment. What the acquirer is sent is made from it alone, so that a repeated charge has the same body."""

    payment_id: str
    subscriber_id: str
    billing_account_id: str
    amount: Money
    kind: PaymentKind
    history: list[Reached]
    payment_method_id: str = ""
    save_payment_method: bool = False
    return_url: str = ""
    request_id: str = ""
    fingerprint: str = ""
    autopay_rule_id: str = ""
    autopay_rule_version: int = 0
    charge_begun_at: datetime | None = None
    acquirer_payment_id: str = ""
    refunds: list[Refund] = field(default_factory=list)
    chargebacks: list[Chargeback] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    receipt_expected: bool = False
    receipt_at: datetime | None = None
    confirmation_url: str = ""
    decline_reason: str = ""
    card_not_kept: str = ""
    captured_at: datetime | None = None
    posted_at: datetime | None = None
    service_restored_at: datetime | None = None
    refusal_reason: str = ""
    needs_person: Problem | None = None
    further_problems: list[Problem] = field(default_factory=list)
    asked: int = 0
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[PaymentEvent] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.history[-1].state

    @property
    def created_at(self) -> datetime:
        return self.history[0].at

    @property
    def charge_key(self) -> str:
        """The Idempotence-Key of the one charge that this payment can ever be (I3)."""
        return f"{self.payment_id}:charge"

    @property
    def refunded(self) -> Money:
        """What went back to the payer."""
        gone = [refund for refund in self.refunds if refund.state is RefundState.SUCCEEDED]
        return total(gone, currency=self.amount.currency)

    @property
    def refundable(self) -> Money:
        """What is neither given back nor about to be."""
        counting = [refund for refund in self.refunds if refund.counts]
        return self.amount - total(counting, currency=self.amount.currency)

    @property
    def pending_refund(self) -> Refund | None:
        """The refund to be brought on next."""
        return next((refund for refund in self.refunds if refund.state is RefundState.REQUESTED), None)

    @property
    def is_unsent(self) -> bool:
        """Whether it is an automatic payment of which the acquirer knows nothing yet."""
        return bool(self.autopay_rule_id) and self.state is State.CREATED and self.charge_begun_at is None

    def reached(self, state: State, /) -> datetime | None:
        """Return when a state was last reached, None if never."""
        return next((step.at for step in reversed(self.history) if step.state is state), None)

    def begin_charge(self, *, now: datetime, grace: timedelta) -> None:
        """Note that the charge is about to be sent; to be saved before it is. After `grace` somebody else asks."""
        self.charge_begun_at = now
        self.due_at = now + grace

    def may_repeat_charge(self, *, now: datetime) -> bool:
        """Say whether sending the charge again can only ever be the same charge."""
        return self.charge_begun_at is not None and now - self.charge_begun_at < KEY_IS_GOOD_FOR

    def await_confirmation(self, *, url: str, now: datetime) -> None:
        """The payer is to confirm on the acquirer's page."""
        self.confirmation_url = url
        self.stay_or_move(State.AWAITING_CONFIRMATION, now=now)

    def lose_track(self, *, now: datetime) -> None:
        """Record that the outcome is not known; it is settled by asking."""
        self.stay_or_move(State.UNKNOWN, now=now)

    def capture(self, *, captured_at: datetime, now: datetime) -> None:
        """The acquirer has taken the money."""
        self.move_to(State.CAPTURED, now=now)
        self.captured_at = captured_at
        self.confirmation_url = ""
        self.pending_events.append(
            PaymentCaptured(
                payment_id=self.payment_id,
                billing_account_id=self.billing_account_id,
                amount=self.amount,
                captured_at=captured_at,
            )
        )

    def decline(self, reason: str, /, *, now: datetime) -> None:
        """Nothing was taken and nothing will be."""
        self.move_to(State.DECLINED, now=now)
        self.decline_reason = reason
        self.confirmation_url = ""
        self.pending_events.append(
            PaymentDeclined(
                payment_id=self.payment_id,
                billing_account_id=self.billing_account_id,
                decline_reason=reason,
                declined_at=now,
            )
        )

    def post(self, *, posted_at: datetime, service_restored_at: datetime | None, now: datetime) -> None:
        """The region has credited it. A second time without effect."""
        if self.posted_at is not None:
            return
        self.move_to(State.POSTED, now=now)
        self.posted_at = posted_at
        self.service_restored_at = service_restored_at

    @property
    def problems(self) -> list[Problem]:
        """All that it waits for a person for, `needs_person` first."""
        return [problem for problem in (self.needs_person, *self.further_problems) if problem is not None]

    def flag(self, problem: Problem, /) -> None:
        """Hand it to a person, beside what it was handed over for before; the state is left alone."""
        if problem not in self.problems:
            self._wait_for_person([*self.problems, problem])

    def solve(self, problem: Problem, /) -> None:
        """Take the flag for that problem back; the next one comes up."""
        self._wait_for_person([known for known in self.problems if known is not problem])

    def _wait_for_person(self, problems: list[Problem]) -> None:
        """The first is dealt with first. Books to be put right come last: they may take weeks, and no note closes
        them, so they would keep a dispute, which has a deadline, from its turn."""
        in_turn = sorted(problems, key=lambda problem: problem is Problem.REVERSAL_NEEDED)
        self.needs_person, self.further_problems = next(iter(in_turn), None), in_turn[1:]

    def try_again(self, *, now: datetime, backoff: Backoff) -> None:
        """Plan the next question; what is undecided for a day is handed to a person, and still only asked about."""
        if MEANINGS[self.state].turn not in {Turn.MACHINE, Turn.PAYER}:
            return
        self.due_at = self._next_question_at(now=now, backoff=backoff)
        self.asked += 1
        begun = self.charge_begun_at
        if self.state in {State.CREATED, State.UNKNOWN} and begun and now - begun >= UNKNOWN_AT_MOST:
            self.flag(Problem.OUTCOME_UNKNOWN)

    def _next_question_at(self, *, now: datetime, backoff: Backoff) -> datetime:
        """The pauses grow up to what the state allows. A charge that was not sent yet is as young as it can be."""
        pause = backoff.pause(self.asked)
        if self.state not in UNDECIDED:
            return now + (pause if self.needs_person else min(pause, HELD_MONEY_IS_LOOKED_AFTER_EVERY))
        begun = self.charge_begun_at or now
        if now - begun >= UNKNOWN_AT_MOST:
            return now + pause
        soon = now + min(pause, UNDECIDED_IS_ASKED_ABOUT_EVERY)
        last_repeat_at = begun + KEY_IS_GOOD_FOR - _LAST_REPEAT_BEFORE_KEY_ENDS
        return min(soon, last_repeat_at) if now < last_repeat_at else soon

    def stay_or_move(self, state: State, *, now: datetime) -> None:
        """Go on by the table unless it is there already."""
        if self.state is not state:
            self.move_to(state, now=now)

    def move_to(self, state: State, *, now: datetime) -> None:
        """Go on by the table. Raises IllegalMove."""
        if state not in NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}", was=self.state.value, wanted=state.value)
        self.history.append(Reached(state, now))
        self.asked = 0
        self.due_at = None


def requested_payment_id(subscriber_id: str, request_id: str, fingerprint: str, /) -> str:
    """Return the one id that a request's payment can have: whoever asks twice at once sets the sum aside once."""
    return _derived(f"{subscriber_id}:{request_id}:{fingerprint}")


def autopay_payment_id(decision_id: str, /) -> str:
    """Return the one id that a decision's payment can have, so that an episode can never make two (I4)."""
    return _derived(decision_id)


def _derived(source: str) -> str:
    return f"pay_{sha256(source.encode()).hexdigest()[:32]}"
