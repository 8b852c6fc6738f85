"""How links stand, by the account's owner and among the claims of others, and what that leaves of the rights that their
proofs give."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import GrantFrozen, GrantState
from services.accounts.domain.ports import BillingAccountRepository, SnapshotRepository
from services.accounts.domain.proof_ladder import Action, Rung
from services.accounts.domain.standing import (
    ProofOutdated,
    Standing,
    can_be_frozen,
    check_standing,
    is_frozen,
    standing_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """Reads owners and claims when they are asked for, in one query each for all links, and keeps nothing."""

    accounts: BillingAccountRepository
    snapshots: SnapshotRepository

    def of(
        self, links: Sequence[BillingAccount], /, *, pasts: Mapping[AccountKey, AccountPast] | None = None
    ) -> Mapping[str, Standing]:
        """Return how each link stands, by its id; `pasts` are those of the accounts as just read, to spare reading them
        once more."""
        keys = [link.key for link in links if link.rung is not Rung.PAY]
        claims = self.accounts.claims_to(keys)
        known = self.snapshots.pasts(keys) if pasts is None else pasts
        return {
            link.billing_account_id: standing_of(
                link, owner_since=_owner_since(known, link.key), claims=claims.get(link.key, ())
            )
            for link in links
        }

    def doubted(self, links: Sequence[BillingAccount], /) -> Collection[str]:
        """Return the ids of the links whose owner's right to the account is in question."""
        return {link_id for link_id, standing in self.of(links).items() if standing is not Standing.CLEAR}

    def check(
        self, link: BillingAccount, /, *actions: Action, pasts: Mapping[AccountKey, AccountPast] | None = None
    ) -> None:
        """Raise `GrantFrozen` while the link's grant allows nothing, `AccountDisputed` or `ProofOutdated` when one of
        the actions is frozen now."""
        freezable = list(filter(can_be_frozen, actions))
        if not freezable:
            return
        if link.grant_state is GrantState.FROZEN:
            raise GrantFrozen
        standing = self.of([link], pasts=pasts)[link.billing_account_id]
        for action in freezable:
            check_standing(action, standing)

    def check_owner(self, link: BillingAccount, /) -> None:
        """Raise `ProofOutdated` when the account has another owner since it was proved."""
        if self.of([link])[link.billing_account_id] is Standing.OWNER_CHANGED:
            raise ProofOutdated

    def authorize(
        self, link: BillingAccount, /, *actions: Action, pasts: Mapping[AccountKey, AccountPast] | None = None
    ) -> None:
        """Raise `ActionNotAllowed` when the proof or grant does not reach as far as one of the actions, `GrantFrozen`,
        `AccountDisputed` or `ProofOutdated` when one is frozen now."""
        for action in actions:
            link.authorize(action)
        self.check(link, *actions, pasts=pasts)

    def allowing(
        self,
        links: Sequence[BillingAccount],
        action: Action,
        /,
        *,
        pasts: Mapping[AccountKey, AccountPast] | None = None,
    ) -> Sequence[BillingAccount]:
        """Return the links with which the action is allowed now."""
        reaching = [link for link in links if link.allows(action)]
        if not can_be_frozen(action):
            return reaching
        standings = self.of(reaching, pasts=pasts)
        return [link for link in reaching if not is_frozen(action, standings[link.billing_account_id])]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOwner:
    """A wish is its owner's only: what was asked for before the account passed on is not sent afterwards."""

    snapshots: SnapshotRepository

    def __call__(self, key: AccountKey, made_at: datetime, /) -> None:
        """Raise `ProofOutdated` when the account has another owner since then."""
        owner_since = _owner_since(self.snapshots.pasts([key]), key)
        if owner_since is not None and made_at < owner_since:
            raise ProofOutdated


def _owner_since(pasts: Mapping[AccountKey, AccountPast], key: AccountKey) -> datetime | None:
    past = pasts.get(key)
    return past.owner_since if past else None
