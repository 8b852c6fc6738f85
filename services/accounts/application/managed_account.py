"""The one way to an account that is to be changed: linked by the subscriber, undisputed, with a proof that reaches that
far."""

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Action


def managed(accounts: BillingAccountRepository, /, *, subscriber_id: str, billing_account_id: str) -> BillingAccount:
    """Return the link. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `AccountDisputed`."""
    account = owned_and_linked(accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
    AccountStanding(accounts=accounts).authorize(account, Action.MANAGE)
    return account


def managed_link_to(
    accounts: BillingAccountRepository, key: AccountKey, /, *, subscriber_id: str, named: str
) -> BillingAccount | None:
    """Return the subscriber's link to an account that a wish hangs on, None when there is none, or another than the
    `named` one (empty: any): then the wish does not exist there. Raises `ActionNotAllowed`, `AccountDisputed`."""
    account = accounts.linked_to(key, subscriber_id=subscriber_id)
    if account is None or named not in ("", account.billing_account_id):
        return None
    AccountStanding(accounts=accounts).authorize(account, Action.MANAGE)
    return account
