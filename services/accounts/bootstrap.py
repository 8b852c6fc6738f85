"""Composition of the gRPC server and the dispatcher: settings -> use cases and loops."""

from dataclasses import dataclass
from datetime import timedelta

from services.accounts.adapters.grpc_regions import GrpcRegionalBilling
from services.accounts.adapters.mongo_postings import MongoPostingQueue, postings_of
from services.accounts.adapters.refresh_pool import RefreshPool
from services.accounts.adapters.region_lines import RegionLines
from services.accounts.application.accept_grant import LinkAccount
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.authorize_action import AuthorizeAction, ListAuthorizedAccounts
from services.accounts.application.change_billing_account import (
    ChangeRelation,
    RenameBillingAccount,
    UnlinkBillingAccount,
)
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.link_billing_account import LinkBillingAccount
from services.accounts.application.list_regional_bills import ListRegionalBills
from services.accounts.application.managed_account import ManagedAccounts
from services.accounts.application.place_charge import PlaceCharge
from services.accounts.application.posting_attempts import PostingAttempts
from services.accounts.application.read_decision_balance import ReadDecisionBalance
from services.accounts.application.request_posting import RequestPosting
from services.accounts.application.send_ownership_code import SendOwnershipCode
from services.accounts.application.settle_posting import SettlePosting
from services.accounts.application.show_billing_accounts import FiguresOf, ShowBillingAccount, ShowBillingAccounts
from services.accounts.application.take_feed import ShowRegionalBill
from services.accounts.bootstrap_feed import FeedUseCases, build_feed
from services.accounts.bootstrap_figures import (
    RowLists,
    build_row_lists,
    observe_account,
    refresh_figures,
    refresh_pool,
)
from services.accounts.bootstrap_grants import GrantUseCases, accept_grant, build_grants, links_loop, weighed_links
from services.accounts.bootstrap_lines import known_regions, region_lines, regional_work
from services.accounts.bootstrap_ordering import OrderingUseCases, build_ordering, ordering_loops, recheck_promise
from services.accounts.bootstrap_reconciliation import reconciliation_loop
from services.accounts.bootstrap_stores import Stores, open_stores, settle_number
from services.accounts.config import Settings
from services.accounts.domain.ownership_attempts import AttemptLimits
from services.accounts.domain.region import Regions
from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock, SystemClock
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay, relay_loop
from services.chassis.pseudonyms import Pseudonyms
from services.chassis.publisher import Publisher, exchange_of

_NAME = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with, and what ends with it."""

    regions: Regions
    link: LinkAccount
    send_code: SendOwnershipCode
    show_all: ShowBillingAccounts
    show_one: ShowBillingAccount
    figures_of: FiguresOf
    rename: RenameBillingAccount
    change_relation: ChangeRelation
    unlink: UnlinkBillingAccount
    rows: RowLists
    authorize: AuthorizeAction
    list_authorized: ListAuthorizedAccounts
    read_decision_balance: ReadDecisionBalance
    request_posting: RequestPosting
    place_charge: PlaceCharge
    show_bill: ShowRegionalBill
    list_bills: ListRegionalBills
    feed: FeedUseCases
    ordering: OrderingUseCases
    grants: GrantUseCases
    clock: Clock
    pool: RefreshPool
    lines: RegionLines
    stores: Stores

    def close(self) -> None:
        """End what runs beside the calls."""
        self.pool.stop()
        self.feed.close()
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
    pseudonyms = Pseudonyms(settings.secret_key_file.read_bytes().strip())
    regions, lines, observe = known_regions(settings), region_lines(settings, stores), observe_account(stores)
    clock, accounts = stores.clock, weighed_links(stores, regions)
    standing = AccountStanding(accounts=accounts, snapshots=stores.snapshots)
    current = CurrentNumbers(aliases=stores.aliases)
    guard = _guard("proof", settings.proof_limits, stores, pseudonyms)
    billing = GrpcRegionalBilling(lines)
    pool = refresh_pool(settings, stores, billing, observe)
    figures_of = FiguresOf(
        snapshots=stores.snapshots,
        standing=standing,
        refresher=pool,
        health=billing,
        regions=regions,
        clock=clock,
        young_for=timedelta(seconds=settings.figures_young_for_s),
    )
    return UseCases(
        regions=regions,
        link=LinkAccount(
            by_proof=LinkBillingAccount(
                accounts=accounts,
                weigh=accounts.weigh,
                standing=standing,
                current=current,
                settle_number=settle_number(stores),
                billing=billing,
                guard=guard,
                regions=regions,
                pseudonyms=pseudonyms,
                clock=clock,
            ),
            by_grant=accept_grant(stores, regions, guard),
        ),
        send_code=SendOwnershipCode(
            billing=billing,
            guard=_guard("code", settings.code_limits, stores, pseudonyms),
            current=current,
            regions=regions,
            pseudonyms=pseudonyms,
            clock=clock,
        ),
        show_all=ShowBillingAccounts(accounts=accounts, figures_of=figures_of),
        show_one=ShowBillingAccount(accounts=accounts, figures_of=figures_of),
        figures_of=figures_of,
        rename=RenameBillingAccount(accounts=accounts),
        change_relation=ChangeRelation(accounts=accounts, clock=clock),
        unlink=UnlinkBillingAccount(accounts=accounts, clock=clock),
        rows=build_row_lists(stores, accounts, standing, billing, observe, regions),
        authorize=AuthorizeAction(accounts=accounts, snapshots=stores.snapshots, standing=standing, regions=regions),
        list_authorized=ListAuthorizedAccounts(
            accounts=accounts, snapshots=stores.snapshots, standing=standing, regions=regions
        ),
        read_decision_balance=ReadDecisionBalance(
            accounts=accounts,
            snapshots=stores.snapshots,
            standing=standing,
            billing=billing,
            observe=observe,
            regions=regions,
            clock=clock,
        ),
        request_posting=RequestPosting(postings=stores.postings, accounts=accounts, clock=clock),
        place_charge=PlaceCharge(
            placements=stores.placements,
            accounts=accounts,
            standing=standing,
            billing=billing,
            observe=observe,
            clock=clock,
        ),
        show_bill=ShowRegionalBill(bills=stores.bills, snapshots=stores.snapshots, current=current),
        list_bills=ListRegionalBills(bills=stores.bills),
        feed=build_feed(settings, stores),
        ordering=build_ordering(
            settings,
            stores,
            accounts=ManagedAccounts(accounts=accounts, snapshots=stores.snapshots, standing=standing),
            lines=lines,
            regions=regions,
            refresh=lambda key: pool.refresh([key], within_s=0),
        ),
        grants=build_grants(settings, stores, regions),
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
    lines, observe = region_lines(settings, stores), observe_account(stores)
    due = regional_work(postings_of(database), settings=settings, stores=stores, lines=lines)
    billing = GrpcRegionalBilling(lines)
    settle = SettlePosting(
        queue=MongoPostingQueue(due),
        postings=stores.postings,
        accounts=stores.accounts,
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
        relay_loop(relay, waker),
        DispatcherLoop(
            "postings",
            settle,
            waker=waker,
            concurrency=settings.posting_threads,
            due=due,
        ),
        links_loop(settings, stores, known_regions(settings), waker=waker),
        *ordering_loops(
            settings, stores, lines=lines, waker=waker, refresh=refresh_figures(settings, stores, billing, observe)
        ),
        reconciliation_loop(settings, stores, lines=lines, regions=known_regions(settings), waker=waker),
    ]
    return RunningDispatcher(loops=Dispatcher(loops, waker=waker), lines=lines, stores=stores)


def _guard(purpose: str, limits: AttemptLimits, stores: Stores, pseudonyms: Pseudonyms) -> AttemptGuard:
    return AttemptGuard(
        purpose=purpose, attempts=stores.attempts, limits=limits, pseudonyms=pseudonyms, clock=stores.clock
    )
