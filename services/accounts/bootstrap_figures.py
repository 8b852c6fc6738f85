"""Composition of figures: how regions are asked for them, what is remembered, and the lists of fees and payments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.accounts.adapters.grpc_regions import GrpcRegionalBilling
from services.accounts.adapters.refresh_pool import RefreshPool
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.list_rows import ListRows
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.refresh_figures import RefreshFigures
from services.accounts.application.remember_history import RememberHistory
from services.accounts.bootstrap_stores import Stores
from services.accounts.config import Settings
from services.accounts.domain.account_report import Charge, CreditedPayment, HistoryRow, Page
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.region import Regions

Row = TypeVar("Row", bound=HistoryRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLists:
    """The histories of an account."""

    charges: ListRows[Charge]
    payments: ListRows[CreditedPayment]


def observe_account(stores: Stores, /) -> ObserveAccount:
    """Return the way by which whatever a region told is remembered."""
    return ObserveAccount(snapshots=stores.snapshots, accounts=stores.accounts, clock=stores.clock)


def refresh_figures(
    settings: Settings, stores: Stores, billing: GrpcRegionalBilling, observe: ObserveAccount, /
) -> RefreshFigures:
    """Return the step that asks a region for the figures of one account."""
    return RefreshFigures(
        regions=billing,
        snapshots=stores.snapshots,
        observe=observe,
        remember=RememberHistory(history=stores.history),
        clock=stores.clock,
        rows_after=timedelta(seconds=settings.rows_refresh_after_s),
    )


def refresh_pool(
    settings: Settings, stores: Stores, billing: GrpcRegionalBilling, observe: ObserveAccount, /
) -> RefreshPool:
    """Return the threads that take that step beside calls."""
    refresh = refresh_figures(settings, stores, billing, observe)
    return RefreshPool(refresh, threads_per_region=settings.region_refreshes)


def build_row_lists(
    stores: Stores,
    accounts: BillingAccountRepository,
    standing: AccountStanding,
    billing: GrpcRegionalBilling,
    observe: ObserveAccount,
    regions: Regions,
    /,
) -> RowLists:
    """Return both lists, which differ in what is read and where the snapshot keeps the last of it."""

    def rows(
        kind: FigureKind,
        read: Callable[..., Page[Row]],
        observe_rows: Callable[[AccountSnapshot, Page[Row], datetime], None],
    ) -> ListRows[Row]:
        return ListRows(
            kind=kind,
            read=read,
            observe_rows=observe_rows,
            accounts=accounts,
            standing=standing,
            snapshots=stores.snapshots,
            history=stores.history,
            remember=RememberHistory(history=stores.history),
            observe=observe,
            regions=regions,
            clock=stores.clock,
        )

    return RowLists(
        charges=rows(
            FigureKind.CHARGES, billing.charges, lambda snapshot, page, now: snapshot.observe_charges(page, now=now)
        ),
        payments=rows(
            FigureKind.PAYMENTS, billing.payments, lambda snapshot, page, now: snapshot.observe_payments(page, now=now)
        ),
    )
