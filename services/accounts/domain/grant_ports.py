"""What grants need from outside the service; the adapters say how it is met."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant_offer import GrantOffer
from services.accounts.domain.ports import BillingAccountRepository

# Given links of grantors, returns the ids of those whose right to the account is in question: an owner change that the
# region told, a claim that is not settled. Asked once for all links of a call.
Doubts = Callable[[Sequence[BillingAccount]], Collection[str]]


class LinkRepository(BillingAccountRepository, Protocol):
    """Links as they are kept, those that stand on grants not weighed. `save` raises `GrantCodeSpent` when another link,
    ended or not, stands on the same grant."""

    def many(self, billing_account_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        """Return the links of those ids, ended ones too, in one query."""
        ...

    def standing_on(self, grant_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        """Return the links, ended ones too, by the grants that they stand on, in one query."""
        ...

    def granted_by(self, billing_account_id: str, /) -> Sequence[BillingAccount]:
        """Return the links that have not ended and stand on grants of that link."""
        ...


class LinkQueue(Protocol):
    """Links that are to be looked after, each given to one claimer at a time."""

    def claim(self) -> BillingAccount | None: ...


class GrantOfferRepository(Protocol):
    """Offers; those that nobody accepted end by themselves some time."""

    def get(self, grant_id: str, /) -> GrantOffer | None: ...

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> GrantOffer | None: ...

    def given_on(self, billing_account_id: str, /) -> Sequence[GrantOffer]:
        """Return the offers of that link, newest first."""
        ...

    def on(self, key: AccountKey, /) -> Sequence[GrantOffer]:
        """Return the latest 200 offers on an account, of all its owners."""
        ...

    def save(self, offer: GrantOffer, /) -> None:
        """Raises `VersionConflict` for a lost race, also for another offer of the same request."""
        ...
