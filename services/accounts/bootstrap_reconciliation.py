"""Composition of the comparison of books: the dispatcher's loop, and what an operator's command works with."""

import time
from dataclasses import dataclass
from datetime import timedelta

from services.accounts.adapters.grpc_regions import GrpcRegionalBilling
from services.accounts.adapters.mongo_postings import MongoOurBooks
from services.accounts.adapters.mongo_reconciliations import (
    MongoIncidentRepository,
    MongoReconciliationQueue,
    MongoReconciliationRepository,
    reconciliations_of,
)
from services.accounts.adapters.region_lines import RegionLines
from services.accounts.application.compare_books import CompareBooks, ComparisonPace
from services.accounts.application.read_ledger import ReadLedger
from services.accounts.application.reconcile_days import PlanDays, ReconcileDueDay, ReconcileNow
from services.accounts.bootstrap_lines import known_regions, region_lines, regional_work
from services.accounts.bootstrap_stores import Stores, open_stores
from services.accounts.config import Settings
from services.accounts.domain.region import Regions
from services.chassis.changes import ChangeStreamWaker
from services.chassis.loops import DispatcherLoop


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """What an operator's commands work with: compare on demand, show what came of it, read the books."""

    reconcile_now: ReconcileNow
    read_ledger: ReadLedger
    books: MongoOurBooks
    regions: Regions
    days: MongoReconciliationRepository
    incidents: MongoIncidentRepository
    lines: RegionLines
    stores: Stores

    def close(self) -> None:
        """Close the connections."""
        self.lines.close()
        self.stores.close()


def reconciliation_loop(
    settings: Settings, stores: Stores, /, *, lines: RegionLines, regions: Regions, waker: ChangeStreamWaker
) -> DispatcherLoop:
    """Return the loop that compares days when they are due; plans the first day of each connected region, and goes on
    where the days of one have ended."""
    days = _days(stores)
    plan_days = _plan_days(settings, stores, days=days, regions=regions)
    plan_days.first(settings.endpoints.keys())
    due = regional_work(
        reconciliations_of(stores.database),
        settings=settings,
        stores=stores,
        lines=lines,
        lease_s=settings.reconcile_lease_s,
    )
    step = ReconcileDueDay(
        queue=MongoReconciliationQueue(due),
        days=days,
        plan_days=plan_days,
        compare=_compare(settings, stores, lines=lines, regions=regions),
        plan=settings.reconcile_plan,
        clock=stores.clock,
    )
    return DispatcherLoop("reconciliation", step, waker=waker, concurrency=2, due=due)


def build_reconciling(settings: Settings, /) -> Reconciling:
    """Return what compares a day, and reads the books, when somebody asks for it."""
    stores = open_stores(settings, role="operator")
    lines, regions, days = region_lines(settings, stores), known_regions(settings), _days(stores)
    reconcile_now = ReconcileNow(
        days=days,
        plan_days=_plan_days(settings, stores, days=days, regions=regions),
        compare=_compare(settings, stores, lines=lines, regions=regions),
        regions=regions,
        wait=time.sleep,
        clock=stores.clock,
    )
    books = MongoOurBooks(stores.database)
    read_ledger = ReadLedger(
        captured=books,
        postings=stores.postings,
        regional_books=GrpcRegionalBilling(lines),
        wait=time.sleep,
        items_per_s=settings.reconcile_items_per_s,
    )
    return Reconciling(
        reconcile_now=reconcile_now,
        read_ledger=read_ledger,
        books=books,
        regions=regions,
        days=days,
        incidents=_incidents(stores),
        lines=lines,
        stores=stores,
    )


def _plan_days(
    settings: Settings, stores: Stores, *, days: MongoReconciliationRepository, regions: Regions
) -> PlanDays:
    grace = timedelta(seconds=settings.reconcile_grace_s)
    return PlanDays(days=days, regions=regions, grace=grace, clock=stores.clock)


def _compare(settings: Settings, stores: Stores, *, lines: RegionLines, regions: Regions) -> CompareBooks:
    return CompareBooks(
        books=MongoOurBooks(stores.database),
        postings=stores.postings,
        regional_books=GrpcRegionalBilling(lines),
        incidents=_incidents(stores),
        regions=regions,
        pace=ComparisonPace(
            items=settings.reconcile_items,
            pause=timedelta(seconds=settings.reconcile_items / settings.reconcile_items_per_s),
            again_after=timedelta(seconds=settings.reconcile_again_s),
        ),
        clock=stores.clock,
    )


def _days(stores: Stores) -> MongoReconciliationRepository:
    days = MongoReconciliationRepository(stores.database)
    days.ensure_indexes()
    return days


def _incidents(stores: Stores) -> MongoIncidentRepository:
    incidents = MongoIncidentRepository(stores.database, clock=stores.clock)
    incidents.ensure_indexes()
    return incidents
