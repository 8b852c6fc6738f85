"""Ask a region for the figures of one account and remember them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.remember_history import RememberHistory
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import AccountReport
from services.accounts.domain.account_snapshot import ROWS_KEPT, AccountSnapshot
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import EVER
from services.accounts.domain.history_month import Reading
from services.accounts.domain.ports import RegionalBilling, SnapshotRepository
from services.chassis.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFigures:
    """One call to the region, three when money has moved: fees and payments are long, and change only with the balance,
    or seldom (`rows_after`). Raises `RegionUnavailable`."""

    regions: RegionalBilling
    snapshots: SnapshotRepository
    observe: ObserveAccount
    remember: RememberHistory
    clock: Clock
    rows_after: timedelta

    def __call__(self, key: AccountKey, /) -> AccountSnapshot:
        """Return the account as it is remembered from now on."""
        known = self.snapshots.get(key)
        held_since = known.past.number_since
        report = self.regions.account(key)
        if not self._needs_rows(known, report):
            return self.observe.report(key, report, known=known)
        charges = self.regions.charges(key, page_size=ROWS_KEPT, page_token="", period=EVER)
        payments = self.regions.payments(key, page_size=ROWS_KEPT, page_token="", period=EVER)

        def add_rows(snapshot: AccountSnapshot, now: datetime) -> None:
            snapshot.observe_charges(charges, now=now)
            snapshot.observe_payments(payments, now=now)

        snapshot = self.observe.report(key, report, known=known, then=add_rows)
        self.remember(key, FigureKind.CHARGES, Reading.of(charges, period=EVER, after=None), held_since=held_since)
        self.remember(key, FigureKind.PAYMENTS, Reading.of(payments, period=EVER, after=None), held_since=held_since)
        return snapshot

    def _needs_rows(self, known: AccountSnapshot, report: AccountReport) -> bool:
        now = self.clock.now()
        after = replace(known)
        after.observe_report(report, now=now)
        return after.needs_rows(after=self.rows_after, now=now)
