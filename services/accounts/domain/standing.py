"""Whether what a subscriber once proved about an account still holds: derived from its owner and the claims to it,
never stored."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum

from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.claim import Claim
from services.accounts.domain.proof_ladder import Action, Rung
from services.chassis.errors import DomainError, Kind


class Standing(Enum):
    """How a subscriber's link stands."""

    CLEAR = "clear"
    DISPUTED = "disputed"
    OWNER_CHANGED = "owner_changed"


class AccountDisputed(DomainError):
    """Somebody else claims the account too; who that is, nobody is told."""

    reason = "ACCOUNT_DISPUTED"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("Another subscriber claims this account as their own; money waits until that is settled.")


class ProofOutdated(DomainError):
    """The account has passed to another owner since it was proved; proving it again is the way back."""

    reason = "PROOF_OUTDATED"
    kind = Kind.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("The account has another owner since it was proved; prove it again.")


# A dispute is about whose money and whose obligations these are, so nothing may move either. Both have shown enough to
# see the account, and whoever has proved no more than a sum claims nothing, and pays as before. After a change of
# owner, whatever shows or moves more than anybody may is the new owner's.
_FROZEN: Mapping[Standing, frozenset[Action]] = {
    Standing.CLEAR: frozenset(),
    Standing.DISPUTED: frozenset({Action.PAY, Action.MANAGE, Action.ORDER_CONTENT}),
    Standing.OWNER_CHANGED: frozenset(Action) - {Action.PAY},
}
_REFUSALS: Mapping[Standing, Callable[[], DomainError]] = {
    Standing.DISPUTED: AccountDisputed,
    Standing.OWNER_CHANGED: ProofOutdated,
}


def standing_of(account: BillingAccount, /, *, owner_since: datetime | None, claims: Sequence[Claim]) -> Standing:
    """Return how a link stands among the claims to its account; its own one need not be among them.

    Several claims freeze each other, and what relatives may do, until one of them prevails. `owner_since` is when the
    account last passed to another owner: a proof of before is worth nothing, and a claim that has said nothing since
    does not count. Whoever has proved no more than a sum, or stands on a grant, has nothing to lose here.
    """
    if account.rung is Rung.PAY:
        return Standing.CLEAR
    if is_outdated(account, owner_since=owner_since):
        return Standing.OWNER_CHANGED
    own = account.claim
    others = (claim for claim in claims if claim.billing_account_id != account.billing_account_id)
    counting = [
        claim
        for claim in (*others, *([own] if own else []))
        if owner_since is None or claim.last_word_at >= owner_since
    ]
    if len(counting) < 2:
        return Standing.CLEAR
    prevailing = _prevailing(counting)
    holds = prevailing is not None if own is None else prevailing == own
    return Standing.CLEAR if holds else Standing.DISPUTED


def is_outdated(account: BillingAccount, /, *, owner_since: datetime | None) -> bool:
    """Say whether the account has passed on since it was proved. A proof of that very moment is the new owner's."""
    return owner_since is not None and account.proved_at < owner_since


def is_frozen(action: Action, standing: Standing, /) -> bool:
    """Say whether a link of that standing must not be used for it, whatever its proof allows."""
    return action in _FROZEN[standing]


def can_be_frozen(action: Action, /) -> bool:
    """Say whether there is a standing in which the action is frozen; of any other, claims need not be read."""
    return any(action in frozen for frozen in _FROZEN.values())


def check_standing(action: Action, standing: Standing, /) -> None:
    """Raise what a frozen action is refused with: `AccountDisputed`, `ProofOutdated`."""
    if is_frozen(action, standing):
        raise _REFUSALS[standing]()


def _prevailing(claims: Sequence[Claim]) -> Claim | None:
    """Return the claim whose confirmation is the last word of all, None when the last word is a claim or is shared.

    So a new claim freezes a confirmed one, too: the contact is asked again. Of two who both read the contact's mail,
    such as spouses, the later one has it; the other can make the account a relative's.
    """
    last = max(claims, key=lambda claim: claim.last_word_at)
    if last.confirmed_at is None or last.claimed_at >= last.confirmed_at:
        return None
    others = (claim for claim in claims if claim is not last)
    return last if all(other.last_word_at < last.confirmed_at for other in others) else None
