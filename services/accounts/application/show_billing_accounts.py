"""Show a subscriber's billing accounts with their figures: the overview's hot path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.shown_account import ShownAccount, shown_account
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.ports import (
    BillingAccountRepository,
    FigureRefresher,
    RegionHealth,
    SnapshotRepository,
)
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.accounts.domain.standing import Standing, is_frozen
from services.chassis.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOf:
    """Puts figures and standing beside links: one query for all of each, then the regions, side by side and within a
    time."""

    snapshots: SnapshotRepository
    standing: AccountStanding
    refresher: FigureRefresher
    health: RegionHealth
    regions: Regions
    clock: Clock
    young_for: timedelta

    def __call__(self, accounts: Sequence[BillingAccount], /, *, refresh_within_s: float) -> Sequence[ShownAccount]:
        """Return the accounts in their order. A region that does not answer costs its own figures their freshness."""
        snapshots = dict(self.snapshots.many([account.key for account in accounts]))
        pasts = {key: snapshot.past for key, snapshot in snapshots.items()}
        standings = self.standing.of(accounts, pasts=pasts)
        now = self.clock.now()
        asked = {account.key for account in accounts if _may_be_asked(account, standings[account.billing_account_id])}
        old = [key for key in sorted(asked) if not snapshots[key].is_younger_than(self.young_for, now=now)]
        late: set[AccountKey] = set()
        if old and refresh_within_s > 0:
            refreshed = self._refreshed(old, within_s=refresh_within_s)
            snapshots.update(refreshed)
            late = set(old) - refreshed.keys()
        now = self.clock.now()
        return [
            shown_account(
                account,
                snapshots[account.key],
                standing=standings[account.billing_account_id],
                region=self.regions.of(account.key.region),
                region_available=account.key not in late and self.health.answers(account.key.region),
                now=now,
            )
            for account in accounts
        ]

    def _refreshed(self, old: Sequence[AccountKey], *, within_s: float) -> Mapping[AccountKey, AccountSnapshot]:
        """Wait for the regions that answered last time. The others are asked too, and nobody waits for them: what they
        answer is there for the next one who looks."""
        silent = [key for key in old if not self.health.answers(key.region)]
        if silent:
            self.refresher.refresh(silent, within_s=0)
        return self.refresher.refresh([key for key in old if key not in silent], within_s=within_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBillingAccounts:
    """Lists the subscriber's accounts in the order of linking."""

    accounts: BillingAccountRepository
    figures_of: FiguresOf

    def __call__(self, *, subscriber_id: str, refresh_within_s: float) -> Sequence[ShownAccount]:
        return self.figures_of(self.accounts.linked_by(subscriber_id), refresh_within_s=refresh_within_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBillingAccount:
    """Shows one account. Raises `BillingAccountNotFound`."""

    accounts: BillingAccountRepository
    figures_of: FiguresOf

    def __call__(self, *, subscriber_id: str, billing_account_id: str, refresh_within_s: float) -> ShownAccount:
        account = owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        return self.figures_of([account], refresh_within_s=refresh_within_s)[0]


def _may_be_asked(account: BillingAccount, standing: Standing) -> bool:
    """Whoever sees no figures has none asked for: the time that takes would tell that the account is alive."""
    return account.allows(Action.VIEW) and not is_frozen(Action.VIEW, standing)


def owned_and_linked(
    accounts: BillingAccountRepository, /, *, subscriber_id: str, billing_account_id: str
) -> BillingAccount:
    """Return the subscriber's link. Raises `BillingAccountNotFound`, alike for an absent, foreign and ended one."""
    account = accounts.owned(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
    if account is None or not account.is_linked:
        raise BillingAccountNotFound
    return account
