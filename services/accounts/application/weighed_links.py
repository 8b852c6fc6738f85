"""Links as they stand now: one that stands on a grant is worth what its grantor's link and the calendar leave of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount, LinkReference
from services.accounts.domain.claim import Claim
from services.accounts.domain.grant import GrantEnd, GrantState
from services.accounts.domain.grant_ports import Doubts, LinkRepository
from services.accounts.domain.grant_standing import ended_by, state_of
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighGrants:
    """Says of links what their grants are worth: one query for all grantors, none where nothing is granted."""

    links: LinkRepository
    regions: Regions
    doubts: Doubts
    clock: Clock

    def __call__(self, accounts: Sequence[BillingAccount], /) -> Sequence[BillingAccount]:
        """Return the same links in their order, weighed."""
        ids = {account.grant.grantor_billing_account_id for account in accounts if account.grant}
        if not ids:
            return accounts
        grantors = self.links.many(ids)
        doubted = self.doubts(list(grantors.values()))
        for account in accounts:
            if account.grant is not None:
                grantor = grantors.get(account.grant.grantor_billing_account_id)
                account.weigh(self._state(account, grantor, doubted))
        return accounts

    def end_if_over(self, link: BillingAccount, /) -> bool:
        """Weigh a link, and carry out the end of its grant; say whether that has come. Raises `VersionConflict`."""
        self([link])
        if link.grant is None or link.grant_state is not GrantState.ENDED:
            return False
        end_link(self.links, link, grant_end=self.end_of(link), now=self.clock.now())
        return True

    def end_of(self, link: BillingAccount, /) -> GrantEnd:
        """Return what has ended the grant of a link, when that is yet to be carried out."""
        assert link.grant is not None
        grantor = self.links.get(link.grant.grantor_billing_account_id)
        return ended_by(link.grant, grantor=grantor, time_zone=self.time_zone_of(link), now=self.clock.now())

    def room_for(self, key: AccountKey, /, *, subscriber_id: str) -> BillingAccount | None:
        """Return the subscriber's link to an account, weighed; one whose grant is over is ended now, to make room.
        Raises `VersionConflict`."""
        link = self.links.linked_to(key, subscriber_id=subscriber_id)
        return None if link is None or self.end_if_over(link) else link

    def time_zone_of(self, account: BillingAccount, /) -> str:
        """Return the zone in whose calendar the account's grants end."""
        return self.regions.of(account.key.region).time_zone

    def _state(self, account: BillingAccount, grantor: BillingAccount | None, doubted: Collection[str]) -> GrantState:
        assert account.grant is not None
        return state_of(
            account.grant,
            grantor=grantor,
            undisputed=account.grant.grantor_billing_account_id not in doubted,
            time_zone=self.time_zone_of(account),
            now=self.clock.now(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedLinks:
    """A BillingAccountRepository whose links are weighed. One whose grant has ended looks as if it had been unlinked
    already; that is carried out beside."""

    links: LinkRepository
    weigh: WeighGrants

    def owned(self, *, subscriber_id: str, billing_account_id: str) -> BillingAccount | None:
        return self._weighed(self.links.owned(subscriber_id=subscriber_id, billing_account_id=billing_account_id))

    def linked_by(self, subscriber_id: str, /) -> Sequence[BillingAccount]:
        return [account for account in self.weigh(self.links.linked_by(subscriber_id)) if account.is_linked]

    def linked_to(self, key: AccountKey, /, *, subscriber_id: str) -> BillingAccount | None:
        return self._still_linked(self.links.linked_to(key, subscriber_id=subscriber_id))

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> BillingAccount | None:
        return self._still_linked(self.links.requested_as(request_id, subscriber_id=subscriber_id))

    def get(self, billing_account_id: str, /) -> BillingAccount | None:
        return self._weighed(self.links.get(billing_account_id))

    def links_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[LinkReference]]:
        return self.links.links_to(keys)

    def on(self, key: AccountKey, /) -> Sequence[BillingAccount]:
        return self.weigh(self.links.on(key))

    def claims_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[Claim]]:
        return self.links.claims_to(keys)

    def save(self, account: BillingAccount, /) -> None:
        self.links.save(account)

    def _weighed(self, account: BillingAccount | None) -> BillingAccount | None:
        return None if account is None else self.weigh([account])[0]

    def _still_linked(self, account: BillingAccount | None) -> BillingAccount | None:
        weighed = self._weighed(account)
        return weighed if weighed is not None and weighed.is_linked else None


def end_link(links: LinkRepository, link: BillingAccount, /, *, grant_end: GrantEnd, now: datetime) -> None:
    """End a link that stood on a grant, in one update with its event. Raises `VersionConflict`."""
    if link.unlinked_at is None:
        link.unlink(now=now, grant_end=grant_end)
        links.save(link)
