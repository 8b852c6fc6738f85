"""Payments on real MongoDB, RabbitMQ and sandbox acquirer, with accounts scripted behind their contract."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.accounts.v1 import accounts_pb2 as accounts_pb
from kabinet.accounts.v1 import accounts_pb2_grpc as accounts_grpc
from kabinet.common.v1 import money_pb2
from kabinet.payments.v1 import autopay_pb2_grpc, payments_pb2_grpc
from kabinet.payments.v1 import payments_pb2 as pb
from pymongo.database import Database

from deploy.local.ports import Ports, find_free_base
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_client import Remote, RemoteError
from services.chassis.ids import new_id
from services.payments.bootstrap import build_dispatcher
from services.payments.bootstrap_parts import Parts
from services.payments.config import Settings
from services.payments.entrypoints.servicer import build_server
from tests.payments.builders import RETURN_URL
from tests.payments.integration.sandbox_acquirer import SandboxAcquirer, start_acquirer
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood

Document = dict[str, Any]


class NoSuchAccount(DomainError):
    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND


class Disputed(DomainError):
    """Two subscribers claim the account."""

    reason = "ACCOUNT_DISPUTED"
    kind = Kind.FAILED_PRECONDITION


class NoRegion(DomainError):
    reason = "REGION_UNAVAILABLE"
    kind = Kind.UNAVAILABLE


@dataclass
class ScriptedAccounts(accounts_grpc.AccountsServiceServicer):
    """Every account is everybody's, unless it is in `foreign`; credits once per payment, unless it refuses."""

    foreign: set[str] = field(default_factory=set)
    monthly_pay_limit_minor: int = 0
    balance_minor: int = 100_000
    silent: bool = False
    old_mandate_active: bool = False
    refuses: str = ""
    credited: dict[str, int] = field(default_factory=dict)
    actions: list[int] = field(default_factory=list)
    disputed: bool = False
    of_before: bool = False  # does not tell of a balance on what terms it may be decided on

    def AuthorizeAction(  # noqa: N802
        self, request: accounts_pb.AuthorizeActionRequest, context: grpc.ServicerContext
    ) -> accounts_pb.AuthorizeActionResponse:
        return self._authorization(request.billing_account_id, [request.action, *request.further_actions])

    def _authorization(
        self, billing_account_id: str, actions: Sequence[accounts_pb.Action.ValueType]
    ) -> accounts_pb.AuthorizeActionResponse:
        self.actions += actions
        if billing_account_id in self.foreign:
            raise NoSuchAccount("There is no such account.")
        if self.disputed:
            raise Disputed("Somebody else claims this account, too.")
        answer = accounts_pb.AuthorizeActionResponse(region="77", number="1", time_zone="Europe/Moscow")
        if self.monthly_pay_limit_minor:
            limit = money_pb2.Money(amount_minor=self.monthly_pay_limit_minor, currency="RUB")
            answer.monthly_pay_limit.CopyFrom(limit)
        return answer

    def GetDecisionBalance(  # noqa: N802
        self, request: accounts_pb.GetDecisionBalanceRequest, context: grpc.ServicerContext
    ) -> accounts_pb.GetDecisionBalanceResponse:
        asked_about = [] if self.of_before else list(request.actions)
        authorization = self._authorization(request.billing_account_id, asked_about) if asked_about else None
        if self.silent:
            raise NoRegion("The region does not answer.")
        as_of = Timestamp()
        as_of.GetCurrentTime()
        return accounts_pb.GetDecisionBalanceResponse(
            balance=money_pb2.Money(amount_minor=self.balance_minor, currency="RUB"),
            as_of=as_of,
            old_mandate_active=self.old_mandate_active,
            authorization=authorization,
        )

    def RequestPosting(  # noqa: N802
        self, request: accounts_pb.RequestPostingRequest, context: grpc.ServicerContext
    ) -> accounts_pb.RequestPostingResponse:
        posting = accounts_pb.Posting(payment_id=request.payment_id, state=accounts_pb.POSTING_STATE_REQUESTED)
        if self.refuses:
            posting.state, posting.refusal_reason = accounts_pb.POSTING_STATE_REFUSED, self.refuses
        elif not self.silent:
            self.credited[request.payment_id] = request.amount.amount_minor
            posting.state = accounts_pb.POSTING_STATE_POSTED
            posting.posted_at.GetCurrentTime()
        return accounts_pb.RequestPostingResponse(posting=posting)


@dataclass(slots=True)
class PaymentsWorld:
    """The service and everything around it; calls are made as one subscriber unless another is named."""

    neighbourhood: Neighbourhood
    accounts: ScriptedAccounts
    acquirer: SandboxAcquirer
    parts: Parts
    environment: dict[str, str]
    remote: Remote
    stub: payments_pb2_grpc.PaymentsServiceStub
    me: str
    address: str

    def shake_hands(self) -> None:
        """Make the first connections, which get little time, before a test begins: to accounts, and to identity for
        the keys of access tokens."""
        grpc.channel_ready_future(self.parts.remote_accounts.channel).result(timeout=30)

        def answers() -> bool:
            with suppress(RemoteError):
                self.ask("ListPaymentKinds", pb.ListPaymentKindsRequest())
                return True
            return False

        eventually(answers)

    def ask(self, method: str, request: Any, *, subscriber: str = "") -> Any:
        token = self.neighbourhood.access_token(subscriber or self.me)
        return self.remote.call(getattr(self.stub, method), request, cap_s=8, access_token=token)

    def ask_autopay(self, method: str, request: Any, *, subscriber: str = "", caller: str = "") -> Any:
        """Call AutopayService for a subscriber, or as a service."""
        stub = autopay_pb2_grpc.AutopayServiceStub(self.remote.channel)
        if caller:
            remote = self.neighbourhood.remote("payments", address=self.address, caller=caller)
            stub = autopay_pb2_grpc.AutopayServiceStub(remote.channel)
            return remote.call(getattr(stub, method), request, cap_s=8)
        token = self.neighbourhood.access_token(subscriber or self.me)
        return self.remote.call(getattr(stub, method), request, cap_s=8, access_token=token)

    def notify(self, payment_id: str) -> None:
        """Pass a notification of the acquirer on, as the gateway does."""
        request = pb.NoteAcquirerNotificationRequest(
            acquirer_payment_id=self.acquirer_id(payment_id), event="payment.succeeded"
        )
        self.remote.call(self.stub.NoteAcquirerNotification, request, cap_s=8)

    def acquirer_id(self, payment_id: str) -> str:
        payment = self.parts.storage.payments.get(payment_id)
        assert payment is not None
        return payment.acquirer_payment_id

    def pay(self, *, subscriber: str = "", **fields: Any) -> pb.Payment:
        """Create a payment by new card, unless told otherwise; a repeat is meant."""
        kopecks = fields.pop("kopecks", 45_000)
        defaults: dict[str, Any] = {
            "request_id": new_id("req"),
            "billing_account_id": "acc_" + "1" * 32,
            "amount": money_pb2.Money(amount_minor=kopecks, currency="RUB"),
            "kind": pb.PAYMENT_KIND_NEW_CARD,
            "return_url": RETURN_URL,
            "confirm_repeat": True,
        }
        request = pb.CreatePaymentRequest(**defaults | fields)
        payment: pb.Payment = self.ask("CreatePayment", request, subscriber=subscriber).payment
        return payment

    def pay_saved(self, payment_method_id: str, **fields: Any) -> pb.Payment:
        return self.pay(kind=pb.PAYMENT_KIND_SAVED_CARD, payment_method_id=payment_method_id, return_url="", **fields)

    def payment(self, payment_id: str) -> pb.Payment:
        payment: pb.Payment = self.ask("GetPayment", pb.GetPaymentRequest(payment_id=payment_id)).payment
        return payment

    def reaches(self, payment_id: str, state: pb.PaymentState.ValueType, *, timeout_s: float = 30) -> pb.Payment:
        """Wait until a payment is in a state."""

        def there() -> pb.Payment:
            payment = self.payment(payment_id)
            assert payment.state == state, pb.PaymentState.Name(payment.state)
            return payment

        return eventually(there, timeout_s=timeout_s)

    def save_card(self, **fields: Any) -> pb.PaymentMethod:
        """Pay by a new card and save it; returns it. Needs a running dispatcher."""
        payment = self.pay(save_payment_method=True, **fields)
        self.acquirer.confirm(self.acquirer_id(payment.payment_id))
        self.notify(payment.payment_id)
        self.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
        methods = self.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods
        method: pb.PaymentMethod = methods[0]
        return method


@pytest.fixture(scope="session")
def acquirer_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAcquirer]:
    port = Ports(find_free_base()).of("acquirer")
    acquirer = start_acquirer(folder=tmp_path_factory.mktemp("acquirer"), port=port)
    try:
        yield acquirer
    finally:
        acquirer.http.close()
        acquirer.server.stop()


@pytest.fixture
def acquirer(acquirer_process: SandboxAcquirer) -> Iterator[SandboxAcquirer]:
    yield acquirer_process
    acquirer_process.repair()


@pytest.fixture
def world(
    tmp_path: Path,
    mongo_url: str,
    amqp_url: str,
    database: Database[Document],
    acquirer: SandboxAcquirer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[PaymentsWorld]:
    """The gRPC server, running; the dispatcher is the fixture `dispatchers`."""
    neighbourhood, accounts = Neighbourhood(tmp_path), ScriptedAccounts()  # type: ignore[abstract]
    accounts_address = neighbourhood.serve(
        "accounts",
        service="kabinet.accounts.v1.AccountsService",
        register=lambda server: accounts_grpc.add_AccountsServiceServicer_to_server(accounts, server),
    )
    environment = {
        **neighbourhood.environment("payments"),
        "MONGO_URL": mongo_url,
        "MONGO_DATABASE": database.name,
        "AMQP_URL": amqp_url,
        "ACCOUNTS_ADDRESS": accounts_address,
        "PUBLIC_URL": "http://localhost:18080",
        "YOOKASSA_API_URL": acquirer.shop.api_url,
        "YOOKASSA_SHOP_ID": acquirer.shop.shop_id,
        "YOOKASSA_SECRET_KEY": acquirer.shop.secret_key,
        "CHARGE_TIMEOUT_S": "6",  # whoever holds an answer back hangs up before
        "CHARGE_GRACE_S": "60",
        "BACKOFF_SCALE": "0.02",
        "AUTOPAY_TICK_S": "0.2",
        "AUTOPAY_RECHECK_S": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    parts = Parts(Settings())  # type: ignore[call-arg]
    try:
        address = neighbourhood.run(build_server(parts))
        remote = neighbourhood.remote("payments", address=address, caller="gateway")
        stub = payments_pb2_grpc.PaymentsServiceStub(remote.channel)
        world = PaymentsWorld(
            neighbourhood, accounts, acquirer, parts, environment, remote, stub, "sub_" + "1" * 32, address
        )
        world.shake_hands()
        yield world
    finally:
        neighbourhood.stop()
        parts.close()


@pytest.fixture
def start_dispatcher(world: PaymentsWorld) -> Iterator[Callable[[], None]]:
    """Starts one more replica of the dispatcher each time it is called."""
    running = []

    def start() -> None:
        parts = Parts(world.parts.settings, owner=new_id("replica"))
        dispatcher = build_dispatcher(parts)
        dispatcher.start()
        running.append((dispatcher, parts))

    yield start
    for dispatcher, parts in running:
        dispatcher.stop(grace_s=10)
        parts.close()


@pytest.fixture
def dispatcher(start_dispatcher: Callable[[], None]) -> None:
    """One replica of the dispatcher."""
    start_dispatcher()
