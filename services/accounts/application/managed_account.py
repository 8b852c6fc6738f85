"""The one way to an account that is to be changed: linked by the subscriber, undisputed and theirs still, with a proof
that reaches that far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.errand import Wish
from services.accounts.domain.ports import BillingAccountRepository, SnapshotRepository
from services.accounts.domain.proof_ladder import Action

W = TypeVar("W", bound=Wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedAccounts:
    """Links of subscribers who may change the account now."""

    accounts: BillingAccountRepository
    snapshots: SnapshotRepository
    standing: AccountStanding

    def link(self, *, subscriber_id: str, billing_account_id: str) -> BillingAccount:
        """Return the link. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `AccountDisputed`, `ProofOutdated`."""
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        self.standing.authorize(account, Action.MANAGE)
        return account

    def theirs(self, account: BillingAccount, wishes: Sequence[W], /) -> Sequence[W]:
        """Return those of an account's wishes that are its present owner's business: made since they came, or still to
        come true."""
        since = self.snapshots.pasts([account.key])[account.key].owner_since
        return [wish for wish in wishes if since is None or wish.created_at >= since or not wish.is_at_rest]

    def link_to(self, key: AccountKey, /, *, subscriber_id: str, named: str) -> BillingAccount | None:
        """Return the subscriber's link to an account that a wish hangs on, None when there is none, or another than the
        `named` one (empty: any): then the wish does not exist there. Raises `ActionNotAllowed`, `AccountDisputed`,
        `ProofOutdated`."""
        account = self.accounts.linked_to(key, subscriber_id=subscriber_id)
        if account is None or named not in ("", account.billing_account_id):
            return None
        self.standing.authorize(account, Action.MANAGE)
        return account
