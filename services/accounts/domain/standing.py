"""Whether what a subscriber once proved about an account still holds: derived from what is known, never stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.proof_ladder import Action
from services.chassis.errors import DomainError, Kind


class Standing(Enum):
    """How a link stands."""

    CLEAR = "clear"
    DISPUTED = "disputed"
    OWNER_CHANGED = "owner_changed"


class ProofOutdated(DomainError):
    """The account has passed to another owner since it was proved; proving it again is the way back."""

    reason = "PROOF_OUTDATED"
    kind = Kind.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("The account has another owner since it was proved; prove it again.")


# Anybody may pay for anybody; whatever shows or moves more of the account is its owner's.
_LEFT: Mapping[Standing, frozenset[Action]] = {
    Standing.CLEAR: frozenset(Action),
    Standing.DISPUTED: frozenset({Action.PAY}),
    Standing.OWNER_CHANGED: frozenset({Action.PAY}),
}


def standing_of(account: BillingAccount, /, *, owner_since: datetime | None) -> Standing:
    """Return how a link stands. A proof of the very moment of the change counts as the new owner's."""
    if owner_since is not None and account.proved_at < owner_since:
        return Standing.OWNER_CHANGED
    return Standing.CLEAR


def left_by(standing: Standing, actions: Sequence[Action], /) -> Sequence[Action]:
    """Return what of the actions may still be done, in their order."""
    return tuple(action for action in actions if action in _LEFT[standing])


def authorize(account: BillingAccount, action: Action, /, *, standing: Standing) -> None:
    """Raise `ActionNotAllowed` unless the proof reaches that far, `ProofOutdated` when it did and does no more."""
    account.authorize(action)
    if action not in _LEFT[standing]:
        raise ProofOutdated
