"""List fees and payments of an account: as the region tells them now, or as they were last known (F12)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_report import Charge, CreditedPayment, Page
from services.accounts.domain.account_snapshot import ROWS_KEPT, AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.figures import DisplayFigure, Known, display_grade
from services.accounts.domain.ports import BillingAccountRepository, RegionalBilling, SnapshotRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.paging import from_page_token, page_size, to_page_token

Row = TypeVar("Row")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsWanted:
    """Which page of whose rows."""

    subscriber_id: str
    billing_account_id: str
    page_size: int
    page_token: str

    @property
    def size(self) -> int:
        return page_size(self.page_size)

    @property
    def regional_token(self) -> str:
        """The region's own token within ours. Raises `PageTokenInvalid`."""
        position = from_page_token(self.page_token, length=1)
        return str(position[0]) if position else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRows(Generic[Row]):
    """A page, of display grade."""

    rows: DisplayFigure[Sequence[Row]]
    next_page_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReading:
    """What both lists have in common: whose rows, what is remembered of them, how a page is shown."""

    accounts: BillingAccountRepository
    standing: AccountStanding
    snapshots: SnapshotRepository
    billing: RegionalBilling
    observe: ObserveAccount
    regions: Regions
    clock: Clock

    def account(self, wanted: RowsWanted) -> BillingAccount:
        account = owned_and_linked(
            self.accounts, subscriber_id=wanted.subscriber_id, billing_account_id=wanted.billing_account_id
        )
        self.standing.authorize(account, Action.VIEW)
        return account

    def remember(
        self,
        account: BillingAccount,
        observe: Callable[[AccountSnapshot, datetime], None],
        wanted: RowsWanted,
    ) -> None:
        """Remember a first page that is long enough to replace what is remembered."""
        if wanted.page_token or wanted.size < ROWS_KEPT:
            return
        try:
            self.observe.rows(account.key, observe)
        except VersionConflict:  # others observe it at this very moment: what is remembered is as new as this
            _log.info("rows_not_remembered", region=account.key.region)

    def shown(
        self, account: BillingAccount, known: Known[tuple[Row, ...]] | None, wanted: RowsWanted, token: str
    ) -> ShownRows[Row]:
        region = self.regions.of(account.key.region)
        rows: Known[Sequence[Row]] | None = Known(known.value[: wanted.size], known.as_of) if known else None
        figure = display_grade(rows, now=self.clock.now(), fresh_for=region.fresh_for)
        return ShownRows(rows=figure, next_page_token=to_page_token(token) if token else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCharges:
    """Lists fees, newest first.

    Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `PageTokenInvalid`; `RegionUnavailable` for a
    page beyond the last known rows.
    """

    reading: RowReading

    def __call__(self, wanted: RowsWanted, /) -> ShownRows[Charge]:
        account = self.reading.account(wanted)
        token = wanted.regional_token
        try:
            page = self.reading.billing.charges(account.key, page_size=wanted.size, page_token=token)
            self._remember(account, page, wanted)
        except RegionUnavailable:
            if token:
                raise
            return self.reading.shown(account, self.reading.snapshots.get(account.key).charges, wanted, "")
        return self.reading.shown(account, Known(page.rows, page.as_of), wanted, page.next_page_token)

    def _remember(self, account: BillingAccount, page: Page[Charge], wanted: RowsWanted) -> None:
        def observe(snapshot: AccountSnapshot, now: datetime) -> None:
            snapshot.observe_charges(page, now=now)

        self.reading.remember(account, observe, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCreditedPayments:
    """Lists payments from every channel, newest first, on the same terms."""

    reading: RowReading

    def __call__(self, wanted: RowsWanted, /) -> ShownRows[CreditedPayment]:
        account = self.reading.account(wanted)
        token = wanted.regional_token
        try:
            page = self.reading.billing.payments(account.key, page_size=wanted.size, page_token=token)
            self._remember(account, page, wanted)
        except RegionUnavailable:
            if token:
                raise
            return self.reading.shown(account, self.reading.snapshots.get(account.key).payments, wanted, "")
        return self.reading.shown(account, Known(page.rows, page.as_of), wanted, page.next_page_token)

    def _remember(self, account: BillingAccount, page: Page[CreditedPayment], wanted: RowsWanted) -> None:
        def observe(snapshot: AccountSnapshot, now: datetime) -> None:
            snapshot.observe_payments(page, now=now)

        self.reading.remember(account, observe, wanted)
