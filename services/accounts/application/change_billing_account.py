"""Change and end a subscriber's links."""

from dataclasses import dataclass

from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Relation
from services.chassis.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameBillingAccount:
    """Gives a link another label."""

    accounts: BillingAccountRepository

    def __call__(self, *, subscriber_id: str, billing_account_id: str, label: str) -> BillingAccount:
        """Return the changed link. Raises `BillingAccountNotFound`, `LabelInvalid`."""
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        account.rename(label)
        self.accounts.save(account)
        return account


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRelation:
    """Says that an account is a relative's, which ends the claim to it, and what was granted by it. Idempotent."""

    accounts: BillingAccountRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, billing_account_id: str, relation: Relation) -> BillingAccount:
        """Return the changed link. Raises `BillingAccountNotFound`, `FieldInvalid`."""
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        account.relate(relation, now=self.clock.now())
        self.accounts.save(account)
        return account


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkBillingAccount:
    """Ends a link; what hangs on it ends by the event. Idempotent."""

    accounts: BillingAccountRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> None:
        """Raises `BillingAccountNotFound`."""
        account = self.accounts.owned(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        if account is None:
            raise BillingAccountNotFound
        if account.is_linked:
            account.unlink(now=self.clock.now())
            self.accounts.save(account)
