"""A fiscal receipt (54-FZ) of a payment or of a refund: a saga of its own, with its own states.

The money is not its business: a payment stands whatever becomes of its receipt.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.acquirer import Refused
from services.payments.domain.backoff import Backoff
from services.payments.domain.fiscal import AcquirerReceipt, ReceiptAnswer, ReceiptStatus
from services.payments.domain.payment import KEY_IS_GOOD_FOR

OVERDUE_AFTER = timedelta(hours=24)


class ReceiptState(Enum):
    """The life cycle."""

    PENDING = "pending"
    SENT = "sent"
    REGISTERED = "registered"
    FAILED = "failed"
    VOID = "void"


_NEXT: dict[ReceiptState, frozenset[ReceiptState]] = {
    ReceiptState.PENDING: frozenset(
        {ReceiptState.SENT, ReceiptState.REGISTERED, ReceiptState.FAILED, ReceiptState.VOID}
    ),
    ReceiptState.SENT: frozenset({ReceiptState.REGISTERED, ReceiptState.FAILED}),
    ReceiptState.FAILED: frozenset({ReceiptState.PENDING}),  # by a person: under another key
    ReceiptState.REGISTERED: frozenset(),
    ReceiptState.VOID: frozenset(),  # no money moved after all
}


class ReceiptProblem(Enum):
    """Why a receipt needs a person."""

    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    CANCELED = "CANCELED"
    NO_CONTACT = "NO_CONTACT"
    OVERDUE = "OVERDUE"
    REFUSED = "REFUSED"


RECEIPT_PROBLEMS_IN_WORDS = {
    ReceiptProblem.AMOUNT_DIFFERS: "It was registered over another sum. A correction receipt is needed.",
    ReceiptProblem.CANCELED: "The cash register cancelled it. Find out why, then: retry-receipt.",
    ReceiptProblem.NO_CONTACT: "The payer has no address to send it to. Ask for one; it is tried again daily.",
    ReceiptProblem.OVERDUE: "Not registered for a day. Ask the acquirer's support; it is asked about daily.",
    ReceiptProblem.REFUSED: "The acquirer refuses the request. Compare the profile's fiscal data, then: retry-receipt.",
}


class IllegalReceiptMove(DomainError):
    """A receipt cannot go from its state to that one (I7)."""

    reason = "RECEIPT_MOVE_ILLEGAL"
    kind = Kind.FAILED_PRECONDITION


class ReceiptNotFound(DomainError):
    """There is no such receipt."""

    reason = "RECEIPT_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class ReceiptReached:
    """A state and when it was reached."""

    state: ReceiptState
    at: datetime


@dataclass(slots=True, kw_only=True)
class Receipt:
    """A receipt over the whole sum that moved, there or back. `refund_id` is empty for a payment's."""

    receipt_id: str
    payment_id: str
    refund_id: str
    subscriber_id: str
    amount: Money
    history: list[ReceiptReached]
    acquirer_receipt_id: str = ""
    registered_at: datetime | None = None
    attempt: int = 1
    problem: ReceiptProblem | None = None
    asked: int = 0
    due_at: datetime | None = None
    version: int = 0

    @property
    def state(self) -> ReceiptState:
        return self.history[-1].state

    @property
    def commission(self) -> Money:
        """Always 0: the receipt is over exactly what was paid (F16)."""
        return Money.zero(self.amount.currency)

    @property
    def receipt_key(self) -> str:
        """The Idempotence-Key of the one receipt that this attempt can ever be."""
        return f"{self.receipt_id}:{self.attempt}"

    def is_first_try(self, *, now: datetime) -> bool:
        """Say whether nobody is known to have sent it yet; at most it was sent with this key, which the acquirer still
        knows."""
        return self.attempt == 1 and self.asked == 0 and now - self.history[0].at < KEY_IS_GOOD_FOR

    def note_sent(self, *, acquirer_receipt_id: str, now: datetime) -> None:
        """The acquirer has it; the cash register has not answered yet."""
        self.acquirer_receipt_id = acquirer_receipt_id
        if self.state is not ReceiptState.SENT:
            self._move_to(ReceiptState.SENT, now=now)

    def register(self, *, acquirer_receipt_id: str, registered_at: datetime, now: datetime) -> None:
        """It is registered and on its way to the payer."""
        self._move_to(ReceiptState.REGISTERED, now=now)
        self.acquirer_receipt_id, self.registered_at, self.problem = acquirer_receipt_id, registered_at, None

    def fail(self, problem: ReceiptProblem, /, *, now: datetime) -> None:
        """It will not be registered as it is: a person has to look."""
        self._move_to(ReceiptState.FAILED, now=now)
        self.problem = problem

    def retry(self, *, now: datetime) -> None:
        """A person has put right what was wrong: send it anew, under another key."""
        self._move_to(ReceiptState.PENDING, now=now)
        self.problem, self.acquirer_receipt_id, self.due_at = None, "", now
        self.attempt += 1

    def void(self, *, now: datetime) -> None:
        """No money moved, so there is nothing to register."""
        self._move_to(ReceiptState.VOID, now=now)

    def try_again(self, *, now: datetime, backoff: Backoff, problem: ReceiptProblem | None = None) -> None:
        """Plan the next question; what is not registered for a day is handed to a person, and still asked about."""
        if self.state not in {ReceiptState.PENDING, ReceiptState.SENT}:
            return
        self.due_at = now + backoff.pause(self.asked)
        self.asked += 1
        overdue = now - self.history[-1].at >= OVERDUE_AFTER
        self.problem = problem or self.problem or (ReceiptProblem.OVERDUE if overdue else None)

    def _move_to(self, state: ReceiptState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalReceiptMove(f"{self.state.value} -> {state.value}", was=self.state.value, wanted=state.value)
        self.history.append(ReceiptReached(state, now))
        self.asked = 0
        self.due_at = None


def settle_receipt(receipt: Receipt, answer: ReceiptAnswer, /, *, now: datetime, backoff: Backoff) -> None:
    """Apply what the acquirer answered, and plan the next question if it is still undecided."""
    match answer:
        case AcquirerReceipt(amount=amount) if amount != receipt.amount:
            receipt.fail(ReceiptProblem.AMOUNT_DIFFERS, now=now)
        case AcquirerReceipt(status=ReceiptStatus.SUCCEEDED):
            receipt.register(
                acquirer_receipt_id=answer.acquirer_receipt_id, registered_at=answer.registered_at or now, now=now
            )
        case AcquirerReceipt(status=ReceiptStatus.CANCELED):
            receipt.fail(ReceiptProblem.CANCELED, now=now)
        case AcquirerReceipt():
            receipt.note_sent(acquirer_receipt_id=answer.acquirer_receipt_id, now=now)
        case Refused():
            receipt.fail(ReceiptProblem.REFUSED, now=now)
    receipt.try_again(now=now, backoff=backoff)
