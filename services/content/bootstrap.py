"""Composition of the gRPC server and of the dispatcher: settings in, use cases and loops out."""

from dataclasses import dataclass

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock
from services.chassis.grpc_bootstrap import service_tokens
from services.chassis.grpc_client import Remote
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay, relay_loop
from services.chassis.publisher import Publisher, exchange_of
from services.chassis.tls import client_tls
from services.content.adapters.catalog_files import load_help_articles, load_offerings
from services.content.adapters.grpc_accounts import IDEMPOTENT_METHODS, GrpcAccounts
from services.content.adapters.mongo_help_articles import MongoHelpArticleRepository
from services.content.adapters.mongo_offerings import MongoOfferingRepository
from services.content.adapters.morphology import MorphologicalLexicon
from services.content.application.advance_content_order import AdvanceContentOrder
from services.content.application.catalog import (
    GetHelpArticle,
    GetOffering,
    PutCatalogInPlace,
    SearchHelpArticles,
    SearchOfferings,
)
from services.content.application.orders import (
    CreateContentOrder,
    CreateContentQuote,
    GetContentOrder,
    ListEntitlements,
)
from services.content.bootstrap_stores import Stores
from services.content.config import Settings

_NAME = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with."""

    search_offerings: SearchOfferings
    get_offering: GetOffering
    create_quote: CreateContentQuote
    create_order: CreateContentOrder
    get_order: GetContentOrder
    list_entitlements: ListEntitlements
    search_articles: SearchHelpArticles
    get_article: GetHelpArticle
    clock: Clock


def build_grpc(settings: Settings, stores: Stores, /) -> UseCases:
    """Return the use cases, wired to MongoDB and accounts, with the catalogue and help of this release in place."""
    lexicon = MorphologicalLexicon()
    offerings = MongoOfferingRepository(stores.database, lexicon=lexicon)
    articles = MongoHelpArticleRepository(stores.database, lexicon=lexicon)
    offerings.ensure_indexes()
    articles.ensure_indexes()
    PutCatalogInPlace(offerings=offerings, articles=articles)(
        offerings=load_offerings(settings.catalog_folder), articles=load_help_articles(settings.help_folder)
    )
    accounts, clock = _accounts(settings, stores), stores.clock
    return UseCases(
        search_offerings=SearchOfferings(offerings=offerings, lexicon=lexicon),
        get_offering=GetOffering(offerings=offerings),
        create_quote=CreateContentQuote(offerings=offerings, accounts=accounts, quotes=stores.quotes, clock=clock),
        create_order=CreateContentOrder(quotes=stores.quotes, orders=stores.orders, accounts=accounts, clock=clock),
        get_order=GetContentOrder(orders=stores.orders),
        list_entitlements=ListEntitlements(entitlements=stores.entitlements),
        search_articles=SearchHelpArticles(articles=articles, lexicon=lexicon),
        get_article=GetHelpArticle(articles=articles),
        clock=clock,
    )


def build_dispatcher(settings: Settings, stores: Stores, /) -> Dispatcher:
    """Return the loops that do everything that leaves content, not yet started."""
    waker = ChangeStreamWaker(stores.database)
    relay = Relay(
        [stores.orders.collection],
        publisher=Publisher(settings.amqp_url, exchange=exchange_of(_NAME)),
        lease=LeaderLease(stores.database["leases"], name="relay", owner=stores.owner, ttl_s=settings.relay_lease_s),
    )
    orders = AdvanceContentOrder(
        orders=stores.orders,
        entitlements=stores.entitlements,
        charges=_accounts(settings, stores),
        clock=stores.clock,
    )
    loops = [
        relay_loop(relay, waker),
        DispatcherLoop(
            "orders",
            orders,
            waker=waker,
            concurrency=settings.charge_threads,
            due=stores.orders.due,
        ),
    ]
    return Dispatcher(loops, waker=waker)


def _accounts(settings: Settings, stores: Stores) -> GrpcAccounts:
    return GrpcAccounts(
        Remote(
            name="accounts",
            address=settings.accounts_address,
            tokens=service_tokens(_NAME, settings=settings, clock=stores.clock),
            idempotent_methods=IDEMPOTENT_METHODS,
            tls=client_tls(settings),
        )
    )
