"""Keeping a card without a payment: its states as one table; nothing can be charged to a pending one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.payments.domain.acquirer import (
    AcquirerBinding,
    BindingAnswer,
    BindingStatus,
    Refused,
    SavedCard,
    Silence,
)
from services.payments.domain.backoff import Backoff
from services.payments.domain.card_policy import CardPolicy
from services.payments.domain.payment import KEY_IS_GOOD_FOR

GIVEN_UP_AFTER = timedelta(hours=24)


class BindingState(Enum):
    """The life cycle."""

    CREATED = "created"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    UNKNOWN = "unknown"
    BOUND = "bound"
    REFUSED = "refused"
    CALLED_OFF = "called_off"


_ENDS = frozenset({BindingState.BOUND, BindingState.REFUSED, BindingState.CALLED_OFF})
_NEXT: dict[BindingState, frozenset[BindingState]] = {
    BindingState.CREATED: frozenset({BindingState.AWAITING_CONFIRMATION, BindingState.UNKNOWN}) | _ENDS,
    BindingState.AWAITING_CONFIRMATION: _ENDS,
    # No money is at stake, so that the same request may be repeated until it is answered.
    BindingState.UNKNOWN: frozenset({BindingState.AWAITING_CONFIRMATION}) | _ENDS,
    BindingState.BOUND: frozenset(),
    BindingState.REFUSED: frozenset(),
    BindingState.CALLED_OFF: frozenset(),
}


class IllegalBindingMove(DomainError):
    """A binding cannot go from its state to that one (I7)."""

    reason = "CARD_BINDING_MOVE_ILLEGAL"
    kind = Kind.FAILED_PRECONDITION


@dataclass(frozen=True, slots=True)
class BindingReached:
    """A state and when it was reached."""

    state: BindingState
    at: datetime


@dataclass(slots=True, kw_only=True)
class CardBinding:
    """A card that is being bound. `card` holds the acquirer's token from the answer until the saved card is written."""

    payment_method_id: str
    subscriber_id: str
    return_url: str
    request_id: str
    fingerprint: str
    history: list[BindingReached]
    acquirer_method_id: str = field(default="", repr=False)
    confirmation_url: str = ""
    refusal_reason: str = ""
    card: SavedCard | None = None
    asked: int = 0
    due_at: datetime | None = None
    version: int = 0

    @property
    def state(self) -> BindingState:
        return self.history[-1].state

    @property
    def created_at(self) -> datetime:
        return self.history[0].at

    @property
    def binding_key(self) -> str:
        """The Idempotence-Key of the one binding that this can ever be."""
        return f"{self.payment_method_id}:bind"

    @property
    def is_open(self) -> bool:
        return bool(_NEXT[self.state])

    def may_repeat(self, *, now: datetime) -> bool:
        """Say whether sending the request again can only ever be the same binding."""
        return now - self.created_at < KEY_IS_GOOD_FOR

    def await_confirmation(self, *, url: str, now: datetime) -> None:
        """The subscriber is to type the card on the acquirer's page."""
        self.confirmation_url = url
        if self.state is not BindingState.AWAITING_CONFIRMATION:
            self._move_to(BindingState.AWAITING_CONFIRMATION, now=now)

    def lose_track(self, *, now: datetime) -> None:
        """Record that it is not known whether the acquirer has it."""
        self._move_to(BindingState.UNKNOWN, now=now)

    def bind(self, card: SavedCard, /, *, now: datetime) -> None:
        """The acquirer keeps the card; it is due at once to be written down as a saved one."""
        self._move_to(BindingState.BOUND, now=now)
        self.card = card
        self.due_at = now

    def close(self) -> None:
        """The saved card is written: nothing of it is kept here."""
        self.card, self.acquirer_method_id, self.due_at = None, "", None

    def refuse(self, reason: str, /, *, now: datetime) -> None:
        """No card is kept."""
        self._move_to(BindingState.REFUSED, now=now)
        self.refusal_reason = reason
        self.acquirer_method_id = ""

    def call_off(self, *, now: datetime) -> None:
        """The subscriber does not want it any more, whatever the acquirer may say later (376-FZ)."""
        self._move_to(BindingState.CALLED_OFF, now=now)
        self.acquirer_method_id = ""

    def try_again(self, *, now: datetime, backoff: Backoff) -> None:
        """Plan the next question; what is not confirmed within a day is given up."""
        if not self.is_open:
            return
        if now - self.created_at >= GIVEN_UP_AFTER:
            self.refuse("expired_on_confirmation", now=now)
            return
        self.due_at = min(now + backoff.pause(self.asked), self.created_at + GIVEN_UP_AFTER)
        self.asked += 1

    def _move_to(self, state: BindingState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalBindingMove(f"{self.state.value} -> {state.value}", was=self.state.value, wanted=state.value)
        self.history.append(BindingReached(state, now))
        self.asked = 0
        self.due_at = None
        if state is not BindingState.AWAITING_CONFIRMATION:
            self.confirmation_url = ""


def settle_binding(
    binding: CardBinding, answer: BindingAnswer, /, *, policy: CardPolicy, now: datetime, backoff: Backoff
) -> None:
    """Apply what the acquirer answered, and plan the next question if it is still undecided.

    The one function by which a binding learns what became of it, whoever asked. A card outside the policy is not kept.
    """
    if not binding.is_open:
        return
    match answer:
        case AcquirerBinding():
            _believe(binding, answer, policy=policy, now=now)
        case Refused(code=code) if binding.state is BindingState.CREATED:
            binding.refuse(code, now=now)
        case Silence() if binding.state is BindingState.CREATED:
            binding.lose_track(now=now)
    binding.try_again(now=now, backoff=backoff)


def _believe(binding: CardBinding, told: AcquirerBinding, *, policy: CardPolicy, now: datetime) -> None:
    if told.payment_method_id != binding.payment_method_id:
        binding.refuse("another_card", now=now)
        return
    binding.acquirer_method_id = told.acquirer_method_id
    match told.status:
        case BindingStatus.ACTIVE if told.card is not None and policy.accepts(told.card):
            binding.bind(told.card, now=now)
        case BindingStatus.ACTIVE:
            binding.refuse("card_not_accepted", now=now)
        case BindingStatus.INACTIVE:
            binding.refuse("not_confirmed", now=now)
        case BindingStatus.PENDING if told.confirmation_url:
            binding.await_confirmation(url=told.confirmation_url, now=now)
        case BindingStatus.PENDING if binding.state is BindingState.CREATED:
            binding.lose_track(now=now)
