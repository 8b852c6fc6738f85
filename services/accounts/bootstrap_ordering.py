"""Composition of ordering: tariff changes, service orders, promised payments; for the gRPC server and the
dispatcher."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pymongo.collection import Collection

from services.accounts.adapters.grpc_region_ordering import GrpcRegionalOrdering
from services.accounts.adapters.mongo_promised_payments import (
    MongoPromisedPaymentRepository,
    promised_payments_of,
    to_promised_payment,
)
from services.accounts.adapters.mongo_service_offers import MongoServiceOfferMemory
from services.accounts.adapters.mongo_service_orders import (
    MongoServiceOrderRepository,
    service_orders_of,
    to_service_order,
)
from services.accounts.adapters.mongo_tariff_changes import (
    MongoTariffChangeRepository,
    tariff_changes_of,
    to_tariff_change,
)
from services.accounts.adapters.mongo_tariff_quotes import MongoTariffQuoteRepository
from services.accounts.adapters.mongo_wishes import MongoWishQueue
from services.accounts.adapters.region_lines import RegionLines
from services.accounts.application import change_tariff as tariff
from services.accounts.application import order_service as service
from services.accounts.application import promise_payment as promised
from services.accounts.application.account_standing import CheckOwner
from services.accounts.application.carry_wish import CarryDueWish, CarryInCall, CarryWish
from services.accounts.application.managed_account import ManagedAccounts
from services.accounts.application.tell_region import TellPromisedPayment, TellServiceOrder, TellTariffChange
from services.accounts.bootstrap_lines import regional_work
from services.accounts.bootstrap_stores import Stores
from services.accounts.config import Settings
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errand import Wish
from services.accounts.domain.promised_payment import PromisedPayment
from services.accounts.domain.region import Regions
from services.accounts.domain.service_order import ServiceOrder
from services.accounts.domain.tariff_change import TariffChange
from services.chassis.changes import ChangeStreamWaker
from services.chassis.loops import DispatcherLoop

Document = dict[str, Any]
Refresh = Callable[[AccountKey], object]
W = TypeVar("W", bound=Wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingUseCases:
    """What AccountOrderingService answers with."""

    list_plans: tariff.ListTariffPlans
    create_quote: tariff.CreateTariffQuote
    create_change: tariff.CreateTariffChange
    list_changes: tariff.ListTariffChanges
    cancel_change: tariff.CancelTariffChange
    list_offers: service.ListServiceOffers
    create_order: service.CreateServiceOrder
    list_orders: service.ListServiceOrders
    cancel_order: service.CancelServiceOrder
    read_eligibility: promised.ReadEligibility
    take_promise: promised.TakePromisedPayment
    list_promises: promised.ListPromisedPayments


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repositories:
    quotes: MongoTariffQuoteRepository
    changes: MongoTariffChangeRepository
    orders: MongoServiceOrderRepository
    offers: MongoServiceOfferMemory
    promises: MongoPromisedPaymentRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carriers:
    """One per sort of wish: what carries it a step on."""

    changes: CarryWish[TariffChange]
    orders: CarryWish[ServiceOrder]
    promises: CarryWish[PromisedPayment]


def build_ordering(
    settings: Settings,
    stores: Stores,
    /,
    *,
    accounts: ManagedAccounts,
    lines: RegionLines,
    regions: Regions,
    refresh: Refresh,
) -> OrderingUseCases:
    """Return the use cases; makes the indexes. `refresh` is not waited for: it works beside the call."""
    repositories, clock = _open(stores), stores.clock
    region, carriers = GrpcRegionalOrdering(lines), _carriers(settings, stores, lines, refresh)
    within_s = settings.ordering_call_s
    changes, orders, promises = repositories.changes, repositories.orders, repositories.promises
    carry_change = CarryInCall(carry=carriers.changes, within_s=within_s)
    carry_order = CarryInCall(carry=carriers.orders, within_s=within_s)
    carry_promise = CarryInCall(carry=carriers.promises, within_s=within_s)
    current = promised.CurrentPromise(promises=promises, carry=carry_promise)
    nothing_open = tariff.CheckNothingOpen(changes=changes, current_promise=current)
    return OrderingUseCases(
        list_plans=tariff.ListTariffPlans(accounts=accounts, region=region),
        create_quote=tariff.CreateTariffQuote(
            accounts=accounts, quotes=repositories.quotes, region=region, check_nothing_open=nothing_open, clock=clock
        ),
        create_change=tariff.CreateTariffChange(
            accounts=accounts,
            quotes=repositories.quotes,
            changes=changes,
            check_nothing_open=nothing_open,
            carry=carry_change,
            regions=regions,
            clock=clock,
        ),
        list_changes=tariff.ListTariffChanges(accounts=accounts, changes=changes),
        cancel_change=tariff.CancelTariffChange(accounts=accounts, changes=changes, carry=carry_change, clock=clock),
        list_offers=service.ListServiceOffers(accounts=accounts, region=region, memory=repositories.offers),
        create_order=service.CreateServiceOrder(
            accounts=accounts, orders=orders, memory=repositories.offers, carry=carry_order, clock=clock
        ),
        list_orders=service.ListServiceOrders(accounts=accounts, orders=orders),
        cancel_order=service.CancelServiceOrder(accounts=accounts, orders=orders, carry=carry_order, clock=clock),
        read_eligibility=promised.ReadEligibility(accounts=accounts, promises=promises, region=region),
        take_promise=promised.TakePromisedPayment(
            accounts=accounts, promises=promises, current=current, carry=carry_promise, clock=clock
        ),
        list_promises=promised.ListPromisedPayments(accounts=accounts, promises=promises),
    )


def ordering_loops(
    settings: Settings, stores: Stores, /, *, lines: RegionLines, waker: ChangeStreamWaker, refresh: Refresh
) -> Sequence[DispatcherLoop]:
    """Return the loops that carry what is due, one per sort of wish."""
    _open(stores)
    carriers, database = _carriers(settings, stores, lines, refresh), stores.database

    def loop(
        name: str, collection: Collection[Document], read: Callable[[Document], W], carry: CarryWish[W]
    ) -> DispatcherLoop:
        due = regional_work(collection, settings=settings, stores=stores, lines=lines)
        return DispatcherLoop(
            name,
            CarryDueWish(queue=MongoWishQueue(due, read), carry=carry),
            waker=waker,
            concurrency=settings.ordering_threads,
            due=due,
        )

    return [
        loop("tariff-changes", tariff_changes_of(database), to_tariff_change, carriers.changes),
        loop("service-orders", service_orders_of(database), to_service_order, carriers.orders),
        loop("promised-payments", promised_payments_of(database), to_promised_payment, carriers.promises),
    ]


def recheck_promise(stores: Stores, /) -> promised.RecheckPromise:
    """Return what is to be done after a payment was posted."""
    return promised.RecheckPromise(promises=MongoPromisedPaymentRepository(stores.database), clock=stores.clock)


def _open(stores: Stores) -> _Repositories:
    """Return the repositories with their indexes made (idempotent)."""
    database = stores.database
    repositories = _Repositories(
        quotes=MongoTariffQuoteRepository(database),
        changes=MongoTariffChangeRepository(database),
        orders=MongoServiceOrderRepository(database),
        offers=MongoServiceOfferMemory(database, clock=stores.clock),
        promises=MongoPromisedPaymentRepository(database),
    )
    repositories.quotes.ensure_indexes()
    repositories.changes.ensure_indexes()
    repositories.orders.ensure_indexes()
    repositories.offers.ensure_indexes()
    repositories.promises.ensure_indexes()
    return repositories


def _carriers(settings: Settings, stores: Stores, lines: RegionLines, refresh: Refresh) -> _Carriers:
    plan, clock, database = settings.errand_plan, stores.clock, stores.database
    region, check_owner = GrpcRegionalOrdering(lines), CheckOwner(snapshots=stores.snapshots)
    return _Carriers(
        changes=CarryWish(
            wishes=MongoTariffChangeRepository(database),
            tell=TellTariffChange(region=region, check_owner=check_owner, plan=plan, clock=clock),
            refresh=refresh,
            plan=plan,
            clock=clock,
        ),
        orders=CarryWish(
            wishes=MongoServiceOrderRepository(database),
            tell=TellServiceOrder(region=region, check_owner=check_owner, plan=plan, clock=clock),
            refresh=refresh,
            plan=plan,
            clock=clock,
        ),
        promises=CarryWish(
            wishes=MongoPromisedPaymentRepository(database),
            tell=TellPromisedPayment(region=region, check_owner=check_owner, plan=plan, clock=clock),
            refresh=refresh,
            plan=plan,
            clock=clock,
        ),
    )
