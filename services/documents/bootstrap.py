"""Composition of the gRPC server and of the dispatcher: settings in, use cases and loops out."""

from dataclasses import dataclass

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock
from services.chassis.grpc_bootstrap import service_tokens
from services.chassis.grpc_client import Remote
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.mail import Mailer
from services.chassis.outbox import Relay, relay_loop
from services.chassis.publisher import Publisher, exchange_of
from services.chassis.tls import client_tls
from services.documents.adapters.branch_file import load_branches
from services.documents.adapters.consent_files import ConsentFiles
from services.documents.adapters.grpc_accounts import IDEMPOTENT_METHODS, GrpcAccounts
from services.documents.adapters.grpc_autopay import (
    IDEMPOTENT_OF_IDENTITY,
    IDEMPOTENT_OF_PAYMENTS,
    GrpcAutopayCharges,
    GrpcContacts,
)
from services.documents.adapters.hmac_tokens import HmacConfirmationTokens
from services.documents.adapters.smtp_post import SmtpPost
from services.documents.adapters.typst_renderer import TypstBillRenderer
from services.documents.application.advance_customer_bill import AdvanceCustomerBill, RecordRegionalBill
from services.documents.application.advance_mailing import AdvanceMailing
from services.documents.application.autopay_notices import AdvanceAutopayNotice
from services.documents.application.bill_deliveries import (
    ConfirmBillDelivery,
    EndBillDelivery,
    EndDeliveryOfLink,
    GetBillDelivery,
    SetBillDelivery,
)
from services.documents.application.catch_up_regional_bills import CatchUpRegionalBills
from services.documents.application.customer_bills import (
    DownloadCustomerBill,
    FindCustomerBill,
    GetCustomerBill,
    ListCustomerBills,
)
from services.documents.application.mail_confirmation import MailConfirmation
from services.documents.bootstrap_stores import Stores
from services.documents.config import Settings

_NAME = "documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with."""

    get_delivery: GetBillDelivery
    set_delivery: SetBillDelivery
    end_delivery: EndBillDelivery
    confirm_delivery: ConfirmBillDelivery
    list_bills: ListCustomerBills
    get_bill: GetCustomerBill
    download_bill: DownloadCustomerBill
    clock: Clock


def build_grpc(settings: Settings, stores: Stores, /) -> UseCases:
    """Return the use cases, wired to MongoDB and accounts."""
    accounts = _accounts(settings, stores)
    deliveries, clock, texts = stores.deliveries, stores.clock, ConsentFiles(settings.consent_texts)
    find = FindCustomerBill(accounts=accounts, bills=stores.bills)
    return UseCases(
        get_delivery=GetBillDelivery(accounts=accounts, deliveries=deliveries, texts=texts),
        set_delivery=SetBillDelivery(accounts=accounts, deliveries=deliveries, texts=texts, clock=clock),
        end_delivery=EndBillDelivery(accounts=accounts, deliveries=deliveries, texts=texts, clock=clock),
        confirm_delivery=ConfirmBillDelivery(deliveries=deliveries, tokens=_tokens(settings), clock=clock),
        list_bills=ListCustomerBills(accounts=accounts, bills=stores.bills, mailings=stores.mailings),
        get_bill=GetCustomerBill(find=find, mailings=stores.mailings),
        download_bill=DownloadCustomerBill(find=find, archive=stores.archive),
        clock=clock,
    )


def build_dispatcher(settings: Settings, stores: Stores, /) -> Dispatcher:
    """Return the loops that do everything that leaves documents, not yet started."""
    waker = ChangeStreamWaker(stores.database)
    relay = Relay(
        [stores.bills.collection, stores.mailings.collection],
        publisher=Publisher(settings.amqp_url, exchange=exchange_of(_NAME)),
        lease=LeaderLease(stores.database["leases"], name="relay", owner=stores.owner, ttl_s=settings.relay_lease_s),
    )
    post, accounts = _post(settings, stores), _accounts(settings, stores)
    links = MailConfirmation(
        deliveries=stores.deliveries, accounts=accounts, tokens=_tokens(settings), post=post, clock=stores.clock
    )
    loops = [
        relay_loop(relay, waker),
        DispatcherLoop("links", links, waker=waker, due=stores.deliveries.due),
        DispatcherLoop("catch-up", _catch_up(stores, accounts), idle_s=settings.catch_up_s),
        DispatcherLoop(
            "bills",
            _bills(settings, stores, accounts),
            waker=waker,
            concurrency=settings.render_threads,
            due=stores.bills.due,
        ),
        DispatcherLoop(
            "mailings",
            _mailings(stores, accounts, post),
            waker=waker,
            concurrency=settings.mail_threads,
            due=stores.mailings.due,
        ),
        DispatcherLoop(
            "autopay-notices",
            _autopay_notices(settings, stores, post),
            waker=waker,
            due=stores.autopay_notices.due,
        ),
    ]
    return Dispatcher(loops, waker=waker)


def _bills(settings: Settings, stores: Stores, accounts: GrpcAccounts) -> AdvanceCustomerBill:
    return AdvanceCustomerBill(
        bills=stores.bills,
        regional_bills=accounts,
        renderer=TypstBillRenderer(load_branches(settings.branches_file)),
        archive=stores.archive,
        deliveries=stores.deliveries,
        mailings=stores.mailings,
        clock=stores.clock,
    )


def _catch_up(stores: Stores, accounts: GrpcAccounts) -> CatchUpRegionalBills:
    return CatchUpRegionalBills(
        regional_bills=accounts,
        bills=stores.bills,
        record=RecordRegionalBill(bills=stores.bills, clock=stores.clock),
        cursor=stores.cursor,
        clock=stores.clock,
    )


def _mailings(stores: Stores, accounts: GrpcAccounts, post: SmtpPost) -> AdvanceMailing:
    return AdvanceMailing(
        mailings=stores.mailings,
        bills=stores.bills,
        deliveries=stores.deliveries,
        accounts=accounts,
        archive=stores.archive,
        post=post,
        end_delivery=EndDeliveryOfLink(deliveries=stores.deliveries, clock=stores.clock),
        clock=stores.clock,
    )


def _autopay_notices(settings: Settings, stores: Stores, post: SmtpPost) -> AdvanceAutopayNotice:
    payments = _remote(
        "payments", settings.payments_address, IDEMPOTENT_OF_PAYMENTS, settings=settings, clock=stores.clock
    )
    identity = _remote(
        "identity", settings.identity_address, IDEMPOTENT_OF_IDENTITY, settings=settings, clock=stores.clock
    )
    return AdvanceAutopayNotice(
        notices=stores.autopay_notices,
        charges=GrpcAutopayCharges(payments),
        contacts=GrpcContacts(identity),
        post=post,
        clock=stores.clock,
    )


def _accounts(settings: Settings, stores: Stores) -> GrpcAccounts:
    return GrpcAccounts(
        _remote("accounts", settings.accounts_address, IDEMPOTENT_METHODS, settings=settings, clock=stores.clock)
    )


def _remote(name: str, address: str, idempotent: tuple[str, ...], *, settings: Settings, clock: Clock) -> Remote:
    return Remote(
        name=name,
        address=address,
        tokens=service_tokens(_NAME, settings=settings, clock=clock),
        idempotent_methods=idempotent,
        tls=client_tls(settings),
    )


def _tokens(settings: Settings) -> HmacConfirmationTokens:
    return HmacConfirmationTokens(settings.secret_key_file.read_bytes().strip())


def _post(settings: Settings, stores: Stores) -> SmtpPost:
    mailer = Mailer(settings.smtp_url, sender=settings.mail_from, timeout_s=settings.mail_timeout_s, clock=stores.clock)
    return SmtpPost(mailer, sender=settings.mail_from, public_url=settings.public_url)
