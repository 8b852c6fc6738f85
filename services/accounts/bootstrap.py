"""Composition of the gRPC server and the dispatcher: settings -> use cases and loops."""

from dataclasses import dataclass
from datetime import timedelta

from services.accounts.adapters.grpc_regions import GrpcRegionalBilling
from services.accounts.adapters.json_regions import load_regions
from services.accounts.adapters.mongo_postings import MongoPostingQueue, postings_of
from services.accounts.adapters.refresh_pool import RefreshPool
from services.accounts.adapters.region_gate import GateRules
from services.accounts.adapters.region_lines import LineRules, RegionLines
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.authorize_action import AuthorizeAction, ListAuthorizedAccounts
from services.accounts.application.change_billing_account import RenameBillingAccount, UnlinkBillingAccount
from services.accounts.application.link_billing_account import LinkBillingAccount
from services.accounts.application.list_regional_bills import ListRegionalBills
from services.accounts.application.list_rows import ListCharges, ListCreditedPayments, RowReading
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.place_charge import PlaceCharge
from services.accounts.application.posting_attempts import PostingAttempts
from services.accounts.application.read_decision_balance import ReadDecisionBalance
from services.accounts.application.refresh_figures import RefreshFigures
from services.accounts.application.request_posting import RequestPosting
from services.accounts.application.settle_posting import SettlePosting
from services.accounts.application.show_billing_accounts import FiguresOf, ShowBillingAccount, ShowBillingAccounts
from services.accounts.application.take_feed import ShowRegionalBill, TakeBalances, TakeBills
from services.accounts.bootstrap_ordering import (
    OrderingUseCases,
    build_ordering,
    ordering_loops,
    recheck_promise,
    regional_work,
)
from services.accounts.bootstrap_reconciliation import ReconcilingOffice, reconciliation_loop, reconciling_office
from services.accounts.bootstrap_stores import Stores, open_stores
from services.accounts.config import Settings
from services.accounts.domain.region import Regions
from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock, SystemClock
from services.chassis.grpc_bootstrap import service_tokens
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay
from services.chassis.publisher import Publisher, exchange_of

_NAME = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with, and what ends with it."""

    regions: Regions
    link: LinkBillingAccount
    show_all: ShowBillingAccounts
    show_one: ShowBillingAccount
    figures_of: FiguresOf
    rename: RenameBillingAccount
    unlink: UnlinkBillingAccount
    list_charges: ListCharges
    list_payments: ListCreditedPayments
    authorize: AuthorizeAction
    list_authorized: ListAuthorizedAccounts
    read_decision_balance: ReadDecisionBalance
    request_posting: RequestPosting
    place_charge: PlaceCharge
    show_bill: ShowRegionalBill
    list_bills: ListRegionalBills
    take_balances: TakeBalances
    take_bills: TakeBills
    ordering: OrderingUseCases
    clock: Clock
    pool: RefreshPool
    lines: RegionLines
    stores: Stores

    def close(self) -> None:
        """End what runs beside the calls."""
        self.pool.stop()
        self.lines.close()
        self.stores.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDispatcher:
    """The loops and what they work with."""

    loops: Dispatcher
    lines: RegionLines
    stores: Stores

    def start(self) -> None:
        self.loops.start()

    def stop(self, *, grace_s: float) -> None:
        """End after the steps under way; what they would still need is closed after them."""
        self.loops.stop(grace_s=grace_s)
        self.lines.close()
        self.stores.close()


def build_grpc(settings: Settings, /) -> UseCases:
    """Return the use cases, wired to MongoDB and the regions; makes the indexes."""
    stores = open_stores(settings, role="grpc")
    clock, accounts = stores.clock, stores.accounts
    regions, lines, observe = _regions(settings), _lines(settings, stores), _observe(stores)
    billing = GrpcRegionalBilling(lines)
    pool = _pool(settings, stores, billing, observe)
    figures_of = FiguresOf(
        snapshots=stores.snapshots,
        refresher=pool,
        health=billing,
        regions=regions,
        clock=clock,
        young_for=timedelta(seconds=settings.figures_young_for_s),
    )
    reading = RowReading(
        accounts=accounts, snapshots=stores.snapshots, billing=billing, observe=observe, regions=regions, clock=clock
    )
    return UseCases(
        regions=regions,
        link=LinkBillingAccount(
            accounts=accounts, billing=billing, guard=_guard(settings, stores), regions=regions, clock=clock
        ),
        show_all=ShowBillingAccounts(accounts=accounts, figures_of=figures_of),
        show_one=ShowBillingAccount(accounts=accounts, figures_of=figures_of),
        figures_of=figures_of,
        rename=RenameBillingAccount(accounts=accounts),
        unlink=UnlinkBillingAccount(accounts=accounts, clock=clock),
        list_charges=ListCharges(reading=reading),
        list_payments=ListCreditedPayments(reading=reading),
        authorize=AuthorizeAction(accounts=accounts, regions=regions),
        list_authorized=ListAuthorizedAccounts(accounts=accounts, regions=regions),
        read_decision_balance=ReadDecisionBalance(
            accounts=accounts, billing=billing, observe=observe, regions=regions, clock=clock
        ),
        request_posting=RequestPosting(postings=stores.postings, accounts=accounts, clock=clock),
        place_charge=PlaceCharge(
            placements=stores.placements, accounts=accounts, billing=billing, observe=observe, clock=clock
        ),
        show_bill=ShowRegionalBill(bills=stores.bills),
        list_bills=ListRegionalBills(bills=stores.bills),
        take_balances=TakeBalances(observe=observe, clock=clock),
        take_bills=TakeBills(bills=stores.bills, clock=clock),
        ordering=build_ordering(
            settings, stores, lines=lines, regions=regions, refresh=lambda key: pool.refresh([key], within_s=0)
        ),
        clock=clock,
        pool=pool,
        lines=lines,
        stores=stores,
    )


def build_dispatcher(settings: Settings, /) -> RunningDispatcher:
    """Return the loops that do everything that leaves accounts, not yet started."""
    stores = open_stores(settings, role="dispatcher")
    database = stores.database
    waker = ChangeStreamWaker(database)
    announcing = ("postings", "billing_accounts", "snapshots", "regional_bills", "reconciliation_incidents")
    relay = Relay(
        [database[name] for name in announcing],
        publisher=Publisher(settings.amqp_url, exchange=exchange_of(_NAME)),
        lease=LeaderLease(database["leases"], name="relay", owner=stores.owner, ttl_s=settings.relay_lease_s),
    )
    lines, observe = _lines(settings, stores), _observe(stores)
    due = regional_work(postings_of(database), settings=settings, stores=stores, lines=lines)
    billing = GrpcRegionalBilling(lines)
    settle = SettlePosting(
        queue=MongoPostingQueue(due),
        postings=stores.postings,
        billing=billing,
        attempts=PostingAttempts(
            postings=stores.postings,
            terms=lines.terms,
            lease=timedelta(seconds=settings.posting_lease_s),
            clock=stores.clock,
            machine_clock=SystemClock(),
        ),
        observe=observe,
        recheck_promise=recheck_promise(stores),
        plan=settings.retry_plan,
        clock=stores.clock,
    )
    loops = [
        DispatcherLoop("relay", relay.step, waker=waker, wakes_on="outbox", on_stop=relay.stop),
        DispatcherLoop(
            "postings",
            settle,
            waker=waker,
            concurrency=settings.posting_threads,
            next_due_in_s=due.seconds_until_due,
        ),
        *ordering_loops(
            settings, stores, lines=lines, waker=waker, refresh=_refresh(settings, stores, billing, observe)
        ),
        reconciliation_loop(settings, stores, lines=lines, regions=_regions(settings), waker=waker),
    ]
    return RunningDispatcher(loops=Dispatcher(loops, waker=waker), lines=lines, stores=stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """What an operator's command works with."""

    office: ReconcilingOffice
    lines: RegionLines
    stores: Stores

    def close(self) -> None:
        """Close the connections."""
        self.lines.close()
        self.stores.close()


def build_reconciling(settings: Settings, /) -> Reconciling:
    """Return what compares a day when somebody asks for it."""
    stores = open_stores(settings, role="operator")
    lines = _lines(settings, stores)
    office = reconciling_office(settings, stores, lines=lines, regions=_regions(settings))
    return Reconciling(office=office, lines=lines, stores=stores)


def _regions(settings: Settings) -> Regions:
    return load_regions(connected=settings.endpoints.keys())


def _lines(settings: Settings, stores: Stores) -> RegionLines:
    return RegionLines(
        endpoints=settings.endpoints,
        tokens=service_tokens(_NAME, settings=settings, clock=stores.clock),
        rules=LineRules(
            gate=GateRules(
                failures=settings.region_failures, pause_s=settings.region_pause_s, calls=settings.region_calls
            ),
            timeout_s=settings.region_timeout_s,
            retry_budget=settings.region_retry_budget,
        ),
    )


def _observe(stores: Stores) -> ObserveAccount:
    return ObserveAccount(snapshots=stores.snapshots, accounts=stores.accounts, clock=stores.clock)


def _refresh(
    settings: Settings, stores: Stores, billing: GrpcRegionalBilling, observe: ObserveAccount
) -> RefreshFigures:
    return RefreshFigures(
        regions=billing,
        snapshots=stores.snapshots,
        observe=observe,
        clock=stores.clock,
        rows_after=timedelta(seconds=settings.rows_refresh_after_s),
    )


def _pool(settings: Settings, stores: Stores, billing: GrpcRegionalBilling, observe: ObserveAccount) -> RefreshPool:
    refresh = _refresh(settings, stores, billing, observe)
    return RefreshPool(refresh, threads_per_region=settings.region_refreshes)


def _guard(settings: Settings, stores: Stores) -> AttemptGuard:
    return AttemptGuard(
        attempts=stores.attempts,
        per_account=settings.attempts_per_account,
        per_subscriber=settings.attempts_per_subscriber,
        clock=stores.clock,
    )
