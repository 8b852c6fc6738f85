"""What each proof of ownership deserves: the one table of the ladder, and the actions that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from services.chassis.errors import DomainError, Kind


class Action(Enum):
    """What a subscriber may be allowed to do with a billing account."""

    VIEW = "view"
    DOCUMENTS = "documents"
    PAY = "pay"
    MANAGE = "manage"
    ORDER_CONTENT = "order_content"


class Relation(Enum):
    """Whose account it is."""

    OWN = "own"
    RELATIVE = "relative"


class Rung(Enum):
    """How much a proof shows, from the least to the most."""

    PAY = 1
    VIEW = 2
    MANAGE = 3


class ProofKindUnknown(DomainError):
    """The region takes no such proof."""

    reason = "PROOF_KIND_UNKNOWN"
    kind = Kind.INVALID

    def __init__(self, *, region: str) -> None:
        super().__init__(f"Region {region} takes no proof of this kind.", region=region)


class ActionNotAllowed(DomainError):
    """The proof, or the relation, does not reach that far."""

    reason = "ACTION_NOT_ALLOWED"
    kind = Kind.PERMISSION_DENIED

    def __init__(self, action: Action) -> None:
        super().__init__(f"The action {action.value} is not allowed with this account.", action=action.value)


CONTACT_CODE = "contact_code"

# Anybody may know what a neighbour paid last, so that fact opens the till and shows nothing. A code that came to the
# contact shows who reads the owner's mail, which is enough to read of the account. The code on the last bill, or in the
# contract, shows who holds the papers.
RUNG_OF_PROOF: Mapping[str, Rung] = {
    "last_payment_minor": Rung.PAY,
    CONTACT_CODE: Rung.VIEW,
    "bill_code": Rung.MANAGE,
    "contract_code": Rung.MANAGE,
}

_ACTIONS_OF_RUNG: Mapping[Rung, tuple[Action, ...]] = {
    Rung.PAY: (Action.PAY,),
    Rung.VIEW: (Action.VIEW, Action.DOCUMENTS, Action.PAY),
    Rung.MANAGE: (Action.VIEW, Action.DOCUMENTS, Action.PAY, Action.MANAGE, Action.ORDER_CONTENT),
}

_OFF_BY_DEFAULT: Mapping[Relation, frozenset[Action]] = {
    Relation.OWN: frozenset(),
    # Films on a relative's bill need that relative's word, which a proof does not give.
    Relation.RELATIVE: frozenset({Action.ORDER_CONTENT}),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A fact that shows that an account is the subscriber's; in memory only, in no log and no document."""

    kind: str
    value: str

    def __repr__(self) -> str:
        return f"Proof(kind={self.kind!r})"


def rung_of(proof_kind: str, /, *, taken: tuple[str, ...], region: str) -> Rung:
    """Return what a proof of that kind deserves. Raises `ProofKindUnknown` when the region does not take it."""
    rung = RUNG_OF_PROOF.get(proof_kind)
    if rung is None or proof_kind not in taken:
        raise ProofKindUnknown(region=region)
    return rung


def allowed_actions(rung: Rung, relation: Relation, /) -> tuple[Action, ...]:
    """Return what may be done, in the order of the contract."""
    return tuple(action for action in _ACTIONS_OF_RUNG[rung] if action not in _OFF_BY_DEFAULT[relation])
