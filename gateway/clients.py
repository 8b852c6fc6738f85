"""The five services as the gateway calls them, and who a call speaks for."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Lock
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from kabinet.accounts.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    grants_pb2,
    grants_pb2_grpc,
    ordering_pb2,
    ordering_pb2_grpc,
)
from kabinet.content.v1 import content_pb2, content_pb2_grpc
from kabinet.documents.v1 import documents_pb2, documents_pb2_grpc
from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc
from kabinet.payments.v1 import autopay_pb2, autopay_pb2_grpc, payments_pb2, payments_pb2_grpc

from gateway.config import Settings
from services.chassis.caller import CredentialsMissing
from services.chassis.clock import Clock
from services.chassis.grpc_client import Remote, StreamingMethod, UnaryMethod
from services.chassis.grpc_errors import RemoteError
from services.chassis.tls import client_tls
from services.chassis.tokens import ServiceTokens, load_private_key

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Stub = TypeVar("Stub")

_THREADS = 64  # started as they are needed; an overview uses four
_READS = ("Get", "List", "Read", "Search", "Forecast")
_CURED_BY_RENEWAL = "TOKEN_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[Stub]):
    """A service: its channel and its methods."""

    remote: Remote
    stub: Stub


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """All services. Made after the fork, because a channel does not survive one."""

    identity: Service[identity_pb2_grpc.IdentityServiceStub]
    accounts: Service[accounts_pb2_grpc.AccountsServiceStub]
    ordering: Service[ordering_pb2_grpc.AccountOrderingServiceStub]  # on the accounts server, by the same channel
    grants: Service[grants_pb2_grpc.AccountGrantsServiceStub]  # there too
    payments: Service[payments_pb2_grpc.PaymentsServiceStub]
    autopay: Service[autopay_pb2_grpc.AutopayServiceStub]  # on the payments server, by the same channel
    documents: Service[documents_pb2_grpc.DocumentsServiceStub]
    content: Service[content_pb2_grpc.ContentServiceStub]
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "calls"))


@dataclass(slots=True, kw_only=True)
class Caller:
    """Who the request at hand speaks for, and how its calls are made.

    The access token goes on unchanged; the services verify it. `renew` returns a new one where a refresh token came
    along (the web cabinet): a call whose token was refused is then repeated once. That is safe for every method,
    because a server refuses a token before it looks at the request.
    """

    clients: Clients
    access_token: str
    language: str
    client: identity_pb2.Client
    renew: Callable[[], str] | None = None
    _renewing: Lock = field(default_factory=Lock)

    def ask(
        self, service: Service[Stub], method: UnaryMethod[Request, Reply], request: Request, *, cap_s: float = 3.0
    ) -> Reply:
        """Call for the subscriber. Raises `RemoteError`, and `CredentialsMissing` when nobody is logged in."""
        token = self._token()
        try:
            return service.remote.call(method, request, cap_s=cap_s, access_token=token)
        except RemoteError as error:
            token = self.renewed(error, refused=token)
            return service.remote.call(method, request, cap_s=cap_s, access_token=token)

    def begin(
        self, service: Service[Stub], method: UnaryMethod[Request, Reply], request: Request, *, cap_s: float = 3.0
    ) -> "Future[Reply]":
        """Call for the subscriber on another thread, on the same terms and within the same deadline.

        A pool of threads with plain calls takes two thirds of the processor time of grpc's own futures (measured):
        those start a thread of their own for each channel that was idle.
        """
        return self.clients.pool.submit(copy_context().run, self._asked, service, method, request, cap_s)

    def ask_openly(
        self, service: Service[Stub], method: UnaryMethod[Request, Reply], request: Request, *, cap_s: float = 3.0
    ) -> Reply:
        """Call as the gateway itself: for what needs no login. Raises `RemoteError`."""
        return service.remote.call(method, request, cap_s=cap_s)

    def download(
        self, service: Service[Stub], method: StreamingMethod[Request, Reply], request: Request, *, cap_s: float = 20.0
    ) -> Iterator[Reply]:
        """Call for the subscriber and return the pieces of the answer.

        The first piece is waited for, so that a refusal becomes an answer instead of a broken download.
        """
        token = self._token()
        try:
            return _begun(service.remote.stream(method, request, cap_s=cap_s, access_token=token))
        except RemoteError as error:
            token = self.renewed(error, refused=token)
            return _begun(service.remote.stream(method, request, cap_s=cap_s, access_token=token))

    def _asked(
        self, service: Service[Stub], method: UnaryMethod[Request, Reply], request: Request, cap_s: float
    ) -> Reply:
        return self.ask(service, method, request, cap_s=cap_s)

    def _token(self) -> str:
        if not self.access_token:
            raise CredentialsMissing("This needs a login.")
        return self.access_token

    def renewed(self, error: RemoteError, *, refused: str) -> str:
        """Return another access token than the `refused` one, or raise the error again when that is no cure."""
        if error.reason != _CURED_BY_RENEWAL:
            raise error
        with self._renewing:  # of several calls at once that are refused, one renews and all go on
            if self.access_token == refused:
                if self.renew is None:
                    raise error
                renew, self.renew = self.renew, None
                self.access_token = renew()
            return self.access_token


def connect(settings: Settings, /, *, clock: Clock) -> Clients:
    """Return the services as the settings name them. Nothing connects before the first call."""
    tokens = ServiceTokens(name="gateway", key=load_private_key(settings.service_key_file), clock=clock)

    def remote(name: str, address: str, *services: ServiceDescriptor) -> Remote:
        return Remote(
            name=name,
            address=address,
            tokens=tokens,
            idempotent_methods=[method for service in services for method in _reads(service)],
            tls=client_tls(settings),
        )

    identity = remote("identity", settings.identity_address, _descriptor(identity_pb2, "IdentityService"))
    accounts = remote(
        "accounts",
        settings.accounts_address,
        _descriptor(accounts_pb2, "AccountsService"),
        _descriptor(ordering_pb2, "AccountOrderingService"),
        _descriptor(grants_pb2, "AccountGrantsService"),
    )
    payments = remote(
        "payments",
        settings.payments_address,
        _descriptor(payments_pb2, "PaymentsService"),
        _descriptor(autopay_pb2, "AutopayService"),
    )
    documents = remote("documents", settings.documents_address, _descriptor(documents_pb2, "DocumentsService"))
    content = remote("content", settings.content_address, _descriptor(content_pb2, "ContentService"))
    return Clients(
        identity=Service(remote=identity, stub=identity_pb2_grpc.IdentityServiceStub(identity.channel)),
        accounts=Service(remote=accounts, stub=accounts_pb2_grpc.AccountsServiceStub(accounts.channel)),
        ordering=Service(remote=accounts, stub=ordering_pb2_grpc.AccountOrderingServiceStub(accounts.channel)),
        grants=Service(remote=accounts, stub=grants_pb2_grpc.AccountGrantsServiceStub(accounts.channel)),
        payments=Service(remote=payments, stub=payments_pb2_grpc.PaymentsServiceStub(payments.channel)),
        autopay=Service(remote=payments, stub=autopay_pb2_grpc.AutopayServiceStub(payments.channel)),
        documents=Service(remote=documents, stub=documents_pb2_grpc.DocumentsServiceStub(documents.channel)),
        content=Service(remote=content, stub=content_pb2_grpc.ContentServiceStub(content.channel)),
    )


def _begun(pieces: Iterator[Reply]) -> Iterator[Reply]:
    return chain(list(islice(pieces, 1)), pieces)


def _descriptor(module: Any, name: str) -> ServiceDescriptor:
    found: ServiceDescriptor = module.DESCRIPTOR.services_by_name[name]
    return found


def _reads(service: ServiceDescriptor) -> Sequence[str]:
    """Return the methods that change nothing: gRPC may repeat them when the callee is not there."""
    return [f"{service.full_name}/{method.name}" for method in service.methods if method.name.startswith(_READS)]
