"""Whether what subscribers proved still holds, asked wherever a link leads to something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import SnapshotRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.standing import ProofOutdated, Standing, authorize, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How a link stands, and the past of its account that says so."""

    standing: Standing
    past: AccountPast


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Reads what regions told of the accounts; one query for any number of links."""

    snapshots: SnapshotRepository

    def of(self, account: BillingAccount, /) -> Stand:
        """Return how a link stands."""
        (stand,) = self.of_each([account])
        return stand

    def of_each(self, accounts: Sequence[BillingAccount], /) -> Sequence[Stand]:
        """Return how each of the links stands, in their order."""
        pasts = self.snapshots.pasts([account.key for account in accounts])
        return [
            Stand(
                standing=standing_of(account, owner_since=pasts[account.key].owner_since),
                past=pasts[account.key],
            )
            for account in accounts
        ]

    def authorize(self, account: BillingAccount, action: Action, /) -> None:
        """Raise `ActionNotAllowed` or `ProofOutdated` unless the action may be done."""
        authorize(account, action, standing=self.of(account).standing)

    def check_owner(self, account: BillingAccount, /) -> None:
        """Raise `ProofOutdated` when the account has another owner since it was proved, whatever the proof reached."""
        if self.of(account).standing is Standing.OWNER_CHANGED:
            raise ProofOutdated


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOwner:
    """A wish is its owner's only: what was asked for before the account passed on is not sent afterwards."""

    snapshots: SnapshotRepository

    def __call__(self, key: AccountKey, made_at: datetime, /) -> None:
        """Raise `ProofOutdated` when the account has another owner since then."""
        owner_since = self.snapshots.pasts([key])[key].owner_since
        if owner_since is not None and made_at < owner_since:
            raise ProofOutdated
