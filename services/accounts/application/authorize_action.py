"""Tell a service whether a subscriber may do something with a billing account, and which account it is."""

from dataclasses import dataclass

from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """They may, and the account is this one."""

    region: str
    number: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeAction:
    """Reads only; the answer holds for the moment."""

    accounts: BillingAccountRepository
    regions: Regions

    def __call__(self, *, subscriber_id: str, billing_account_id: str, action: Action) -> Authorized:
        """Raises `BillingAccountNotFound`, `ActionNotAllowed`."""
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        account.authorize(action)
        region = self.regions.of(account.key.region)
        return Authorized(region=region.code, number=account.key.number, time_zone=region.time_zone)
