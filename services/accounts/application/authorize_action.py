"""Tell a service whether a subscriber may do something with a billing account, or with which ones they may."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_past import AccountPast, NumberSpell
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import BillingAccountRepository, SnapshotRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.chassis.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """They may, and the account is this one."""

    billing_account_id: str
    region: str
    number: str
    time_zone: str
    monthly_pay_limit: Money | None
    numbers: Sequence[NumberSpell]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeAction:
    """Reads only; the answer holds for the moment."""

    accounts: BillingAccountRepository
    snapshots: SnapshotRepository
    standing: AccountStanding
    regions: Regions

    def __call__(self, *, subscriber_id: str, billing_account_id: str, actions: Sequence[Action]) -> Authorized:
        """Say that all of the actions are allowed.

        Raises `BillingAccountNotFound`, and for the first action that is not `ActionNotAllowed`, `GrantFrozen`,
        `AccountDisputed`, `ProofOutdated`.
        """
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        pasts = self.snapshots.pasts([account.key])
        self.standing.authorize(account, *actions, pasts=pasts)
        return authorized_as(account, pasts[account.key], self.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuthorizedAccounts:
    """The same for all of a subscriber's accounts at once: for lists that go over all of them."""

    accounts: BillingAccountRepository
    snapshots: SnapshotRepository
    standing: AccountStanding
    regions: Regions

    def __call__(self, *, subscriber_id: str, action: Action) -> Sequence[Authorized]:
        """Return the accounts with which they may do it, in the order of linking."""
        linked = self.accounts.linked_by(subscriber_id)
        pasts = self.snapshots.pasts([account.key for account in linked])
        allowed = self.standing.allowing(linked, action, pasts=pasts)
        return [authorized_as(account, pasts[account.key], self.regions) for account in allowed]


def authorized_as(account: BillingAccount, past: AccountPast, regions: Regions) -> Authorized:
    """Return what the answer tells of an account with which they may."""
    region = regions.of(account.key.region)
    return Authorized(
        billing_account_id=account.billing_account_id,
        region=region.code,
        number=account.key.number,
        time_zone=region.time_zone,
        monthly_pay_limit=account.grant.terms.monthly_pay_limit if account.grant else None,
        numbers=past.spells(account.key.number),
    )
