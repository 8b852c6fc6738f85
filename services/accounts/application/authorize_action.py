"""Tell a service whether a subscriber may do something with a billing account, or with which ones they may."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.application.standings import Standings
from services.accounts.domain.account_past import AccountPast, NumberSpell
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.accounts.domain.standing import authorize, left_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """They may, and the account is this one."""

    billing_account_id: str
    region: str
    number: str
    time_zone: str
    numbers: Sequence[NumberSpell]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeAction:
    """Reads only; the answer holds for the moment."""

    accounts: BillingAccountRepository
    standings: Standings
    regions: Regions

    def __call__(self, *, subscriber_id: str, billing_account_id: str, action: Action) -> Authorized:
        """Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`."""
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        stand = self.standings.of(account)
        authorize(account, action, standing=stand.standing)
        return _authorized(account, stand.past, self.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuthorizedAccounts:
    """The same for all of a subscriber's accounts at once: for lists that go over all of them."""

    accounts: BillingAccountRepository
    standings: Standings
    regions: Regions

    def __call__(self, *, subscriber_id: str, action: Action) -> Sequence[Authorized]:
        """Return the accounts with which they may do it, in the order of linking."""
        linked = [account for account in self.accounts.linked_by(subscriber_id) if account.allows(action)]
        stands = self.standings.of_each(linked)
        return [
            _authorized(account, stand.past, self.regions)
            for account, stand in zip(linked, stands, strict=True)
            if left_by(stand.standing, [action])
        ]


def _authorized(account: BillingAccount, past: AccountPast, regions: Regions) -> Authorized:
    region = regions.of(account.key.region)
    return Authorized(
        billing_account_id=account.billing_account_id,
        region=region.code,
        number=account.key.number,
        time_zone=region.time_zone,
        numbers=past.spells(account.key.number),
    )
