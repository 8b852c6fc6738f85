"""What may become of the money of a payment: one table, from which the code takes its legal moves and
`docs/payment-states.md` its picture. Whoever changes a row changes both."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The life cycle of a payment."""

    CREATED = "created"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    POSTED = "posted"
    DECLINED = "declined"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    RETURNING = "returning"
    REVERSAL_DUE = "reversal_due"


class Turn(Enum):
    """Who has to do something next."""

    MACHINE = "the machine"
    PAYER = "the payer"
    PERSON = "a person"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A state in plain words: what it says, where the money is, and whose turn it is."""

    words: str
    money: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Move:
    """A legal move and what brings it about."""

    source: State
    target: State
    because: str


MEANINGS: dict[State, Meaning] = {
    State.CREATED: Meaning(
        words="The payment is written down and about to be sent to the acquirer.",
        money="with the payer",
        turn=Turn.MACHINE,
    ),
    State.AWAITING_CONFIRMATION: Meaning(
        words="The payer is to confirm on the acquirer's page, or in the application of a bank or wallet.",
        money="with the payer",
        turn=Turn.PAYER,
    ),
    State.UNKNOWN: Meaning(
        words="The acquirer did not answer, or is not decided itself. It is asked, never charged a second time.",
        money="with the payer, or taken: not known",
        turn=Turn.MACHINE,
    ),
    State.CAPTURED: Meaning(
        words="The acquirer has taken the money. The account's region is being told to credit it.",
        money="with us",
        turn=Turn.MACHINE,
    ),
    State.POSTED: Meaning(
        words="The region has credited the billing account with it.",
        money="in the region's books",
        turn=Turn.NOBODY,
    ),
    State.DECLINED: Meaning(
        words="Nothing was taken and nothing will be.",
        money="with the payer",
        turn=Turn.NOBODY,
    ),
    State.REFUNDING: Meaning(
        words="The region refuses it for good, so all of it goes back.",
        money="with us, on its way back",
        turn=Turn.MACHINE,
    ),
    State.REFUNDED: Meaning(
        words="All of it is back with the payer, and no region's books show it.",
        money="with the payer",
        turn=Turn.NOBODY,
    ),
    State.RETURNING: Meaning(
        words="An operator gives a credited payment back, in part or all of it.",
        money="in the region's books, and on its way back",
        turn=Turn.MACHINE,
    ),
    State.REVERSAL_DUE: Meaning(
        words="Money is back with the payer that the region's books still show: somebody has to take it out there.",
        money="with the payer, and still in the region's books",
        turn=Turn.PERSON,
    ),
}

MOVES = (
    Move(State.CREATED, State.AWAITING_CONFIRMATION, "the acquirer wants the payer's confirmation"),
    Move(State.CREATED, State.UNKNOWN, "no answer"),
    Move(State.CREATED, State.CAPTURED, "a saved card was charged"),
    Move(State.CREATED, State.DECLINED, "the bank refused"),
    Move(State.AWAITING_CONFIRMATION, State.UNKNOWN, "confirmed, the bank is not decided"),
    Move(State.AWAITING_CONFIRMATION, State.CAPTURED, "confirmed and paid"),
    Move(State.AWAITING_CONFIRMATION, State.DECLINED, "refused, or not confirmed in time"),
    Move(State.UNKNOWN, State.AWAITING_CONFIRMATION, "the acquirer says that it waits for the payer"),
    Move(State.UNKNOWN, State.CAPTURED, "the acquirer says that it was paid"),
    Move(State.UNKNOWN, State.DECLINED, "the acquirer says that it was not paid"),
    Move(State.CAPTURED, State.POSTED, "the region credited it"),
    Move(State.CAPTURED, State.REFUNDING, "the region refused it for good"),
    Move(State.REFUNDING, State.REFUNDED, "all of it went back"),
    Move(State.POSTED, State.RETURNING, "an operator asked for a refund"),
    Move(State.RETURNING, State.POSTED, "the acquirer refused the refund"),
    Move(State.RETURNING, State.REVERSAL_DUE, "the refund went through"),
    Move(State.REVERSAL_DUE, State.RETURNING, "an operator asked for one more refund"),
    Move(State.REVERSAL_DUE, State.POSTED, "the region's books were put right; the rest stays credited"),
    Move(State.REVERSAL_DUE, State.REFUNDED, "the region's books were put right; all of it went back"),
)

NEXT: dict[State, frozenset[State]] = {
    state: frozenset(move.target for move in MOVES if move.source is state) for state in State
}
UNDECIDED = frozenset({State.CREATED, State.AWAITING_CONFIRMATION, State.UNKNOWN})
# Nothing is due by itself any more.
FINAL = frozenset(state for state, meaning in MEANINGS.items() if meaning.turn is Turn.NOBODY)
