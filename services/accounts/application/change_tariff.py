"""Change the tariff plan of an account: plans, quote, change, and back (F13)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.accounts.application.managed_account import ManagedAccounts
from services.accounts.application.promise_payment import CurrentPromise
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.ordering_errors import (
    TariffChangeDone,
    TariffChangeNotFound,
    TariffChangePending,
    TariffQuoteNotFound,
)
from services.accounts.domain.ordering_ports import RegionalOrdering, TariffChangeRepository, TariffQuoteRepository
from services.accounts.domain.region import Regions
from services.accounts.domain.tariff_change import TariffChange, TariffChangeState
from services.accounts.domain.tariff_quote import TariffQuote
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOnAccount:
    """Tariff changes as one subscriber sees them: on their own link to the account."""

    billing_account_id: str
    changes: Sequence[TariffChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTariffPlans:
    """Asks the region. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RegionUnavailable`."""

    accounts: ManagedAccounts
    region: RegionalOrdering

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> Sequence[TariffPlan]:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        return self.region.tariff_plans(account.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNothingOpen:
    """A change waits for no other change and for no promised payment, on our side as on the region's."""

    changes: TariffChangeRepository
    current_promise: CurrentPromise

    def __call__(self, key: AccountKey, /) -> None:
        """Raises `PromisedPaymentOpen`, `TariffChangePending`."""
        if self.changes.pending_on(key) is not None:
            raise TariffChangePending
        promise = self.current_promise(key)
        if promise is not None:
            promise.raise_if_it_holds()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTariffQuote:
    """Only the region can say what a change comes to; what it said is kept, and holds for ten minutes."""

    accounts: ManagedAccounts
    quotes: TariffQuoteRepository
    region: RegionalOrdering
    check_nothing_open: CheckNothingOpen
    clock: Clock

    def __call__(self, *, subscriber_id: str, billing_account_id: str, tariff_plan_id: str) -> TariffQuote:
        """Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RegionUnavailable`,
        `TariffPlanNotFound`, `TariffPlanInForce`, `PromisedPaymentOpen`, `TariffChangePending`."""
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        self.check_nothing_open(account.key)
        quoted = self.region.quote(account.key, tariff_plan_id=tariff_plan_id)
        quote = TariffQuote.give(
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            key=account.key,
            quoted=quoted,
            now=self.clock.now(),
        )
        self.quotes.save(quote)
        return quote


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTariffChange:
    """Saved first, then told to the region within the call; without an answer the dispatcher carries it."""

    accounts: ManagedAccounts
    quotes: TariffQuoteRepository
    changes: TariffChangeRepository
    check_nothing_open: CheckNothingOpen
    carry: Callable[[TariffChange], TariffChange]
    regions: Regions
    clock: Clock

    def __call__(self, *, subscriber_id: str, tariff_quote_id: str, billing_account_id: str = "") -> ChangesOnAccount:
        """Return the quote's one change; under another account than its own, when one is named, there is no such quote.

        Raises `TariffQuoteNotFound`, `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`,
        `TariffQuoteExpired`, `PromisedPaymentOpen`, `TariffChangePending`.
        """
        quote = self.quotes.get(tariff_quote_id)
        if quote is None or quote.subscriber_id != subscriber_id:
            raise TariffQuoteNotFound
        if billing_account_id not in ("", quote.billing_account_id):
            raise TariffQuoteNotFound
        self.accounts.link(subscriber_id=subscriber_id, billing_account_id=quote.billing_account_id)
        change = self.changes.get(quote.change_id) or self._begin(quote)
        return ChangesOnAccount(billing_account_id=quote.billing_account_id, changes=[change])

    def _begin(self, quote: TariffQuote) -> TariffChange:
        time_zone = self.regions.of(quote.key.region).time_zone
        change = TariffChange.request(quote, time_zone=time_zone, now=self.clock.now())
        try:
            self.check_nothing_open(quote.key)
            self.changes.save(change)
        except (TariffChangePending, VersionConflict):  # the other tap of a double one may have been first
            first = self.changes.get(quote.change_id)
            if first is None:
                raise
            return first
        return self.carry(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTariffChanges:
    """What is known here; no region is asked. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`."""

    accounts: ManagedAccounts
    changes: TariffChangeRepository

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> ChangesOnAccount:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        changes = self.accounts.theirs(account, self.changes.listed(account.key))
        return ChangesOnAccount(billing_account_id=billing_account_id, changes=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTariffChange:
    """The wish to take it back is saved first, too; with the region down it is carried out when the region answers."""

    accounts: ManagedAccounts
    changes: TariffChangeRepository
    carry: Callable[[TariffChange], TariffChange]
    clock: Clock

    def __call__(self, *, subscriber_id: str, tariff_change_id: str, billing_account_id: str = "") -> ChangesOnAccount:
        """Under another account than its own, when one is named, there is no such change.

        Raises `TariffChangeNotFound`, `ActionNotAllowed`, `ProofOutdated`, `TariffChangeDone`.
        """
        change = self._found(tariff_change_id)
        account = self.accounts.link_to(change.key, subscriber_id=subscriber_id, named=billing_account_id)
        if account is None:
            raise TariffChangeNotFound
        try:
            change = self._take_back(change)
        except VersionConflict:  # the dispatcher saved at this moment: what the region said meanwhile counts
            change = self._take_back(self._found(tariff_change_id))
        return ChangesOnAccount(billing_account_id=account.billing_account_id, changes=[change])

    def _found(self, tariff_change_id: str) -> TariffChange:
        change = self.changes.get(tariff_change_id)
        if change is None:
            raise TariffChangeNotFound
        return change

    def _take_back(self, change: TariffChange) -> TariffChange:
        if not change.take_back(now=self.clock.now()):
            return change
        self.changes.save(change)
        change = self.carry(change)
        if change.state is TariffChangeState.DONE:
            raise TariffChangeDone
        return change
