"""The five services as scripts: real gRPC servers with the real guard, whose methods answer what a test tells them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
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

from services.chassis.clock import SystemClock
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.tokens import ALGORITHM, SUBSCRIBER_AUDIENCE, SUBSCRIBER_ISSUER, TokenVerifier
from tests.support.ports import free_port

MODULES: dict[str, tuple[Any, str, Callable[[Any, Any], None]]] = {
    "identity": (identity_pb2, "IdentityService", identity_pb2_grpc.add_IdentityServiceServicer_to_server),
    "accounts": (accounts_pb2, "AccountsService", accounts_pb2_grpc.add_AccountsServiceServicer_to_server),
    "ordering": (
        ordering_pb2,
        "AccountOrderingService",
        ordering_pb2_grpc.add_AccountOrderingServiceServicer_to_server,
    ),
    "grants": (grants_pb2, "AccountGrantsService", grants_pb2_grpc.add_AccountGrantsServiceServicer_to_server),
    "payments": (payments_pb2, "PaymentsService", payments_pb2_grpc.add_PaymentsServiceServicer_to_server),
    "autopay": (autopay_pb2, "AutopayService", autopay_pb2_grpc.add_AutopayServiceServicer_to_server),
    "documents": (documents_pb2, "DocumentsService", documents_pb2_grpc.add_DocumentsServiceServicer_to_server),
    "content": (content_pb2, "ContentService", content_pb2_grpc.add_ContentServiceServicer_to_server),
}

_BESIDE = {"accounts": ("ordering", "grants"), "payments": ("autopay",)}  # what else a server answers
SERVERS = MODULES.keys() - {"ordering", "grants", "autopay"}

Script = Callable[[Any], Any]


class Refused(DomainError):
    """A refusal that a test scripts."""

    def __init__(self, reason: str, kind: Kind, **metadata: str) -> None:
        super().__init__("Refused by the script.", **metadata)
        self.reason, self.kind = reason, kind


@dataclass(slots=True)
class ScriptedService:
    """Answers each method with what was scripted, with an empty message otherwise, and keeps the requests."""

    module: Any
    service: Any
    scripts: dict[str, Script] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def __getattr__(self, method: str) -> Callable[[Any, Any], Any]:
        description = self.service.methods_by_name.get(method)
        if description is None:
            raise AttributeError(method)

        def answer(request: Any, _context: Any) -> Any:
            self.calls.append((method, request))
            script = self.scripts.get(method)
            return script(request) if script else getattr(self.module, f"{method}Response")()

        def stream(request: Any, context: Any) -> Any:
            yield from answer(request, context)

        return stream if description.server_streaming else answer

    def requests(self, method: str) -> list[Any]:
        """Return what a method was asked."""
        return [request for name, request in self.calls if name == method]


class Services:
    """All five, on ports of their own."""

    def __init__(self) -> None:
        self._token_key = OKPKey.generate_key("Ed25519", {"kid": "access-test", "use": "sig"}, private=True)
        self.gateway_key = OKPKey.generate_key("Ed25519", {"kid": "gateway", "use": "sig"}, private=True)
        self.scripted = {name: _scripted(name) for name in MODULES}
        self._servers = {name: self._server(name, f"127.0.0.1:{free_port()}") for name in SERVERS}
        self.addresses = {name: f"127.0.0.1:{server.port}" for name, server in self._servers.items()}

    def start(self) -> None:
        for server in self._servers.values():
            server.start()

    def stop(self) -> None:
        for server in self._servers.values():
            server.stop(grace_s=0)

    def take_down(self, name: str) -> None:
        """Make one service answer nobody."""
        self._servers[name].stop(grace_s=0)

    def bring_back(self, name: str) -> None:
        """Let it answer again on the same port."""
        self._servers[name] = self._server(name, self.addresses[name])
        self._servers[name].start()

    def forget(self) -> None:
        """Drop all scripts and what was asked."""
        for service in self.scripted.values():
            service.scripts.clear()
            service.calls.clear()

    def access_token(self, *, lives_s: int = 300) -> str:
        """Return a subscriber's token as identity makes it."""
        now = int(time.time())
        claims = {"iss": SUBSCRIBER_ISSUER, "aud": SUBSCRIBER_AUDIENCE, "sub": "sub_1", "sid": "ses_1", "iat": now}
        header = {"alg": ALGORITHM, "kid": "access-test"}
        return jwt.encode(header, {**claims, "exp": now + lives_s}, self._token_key, algorithms=[ALGORITHM])

    def _server(self, name: str, listen: str) -> GrpcServer:
        keys = KeySet.import_key_set({"keys": [self._token_key.as_dict(private=False)]})
        verifier = TokenVerifier(
            name=name,
            trusted=KeySet.import_key_set({"keys": [self.gateway_key.as_dict(private=False)]}),
            subscriber_keys=lambda _key_id: keys,
            clock=SystemClock(),
        )
        exposed = [self._exposed(each) for each in (name, *_BESIDE.get(name, ()))]
        return GrpcServer(listen=listen, services=exposed, verifier=verifier, threads=8)

    def _exposed(self, name: str) -> Exposed:
        scripted, add = self.scripted[name], MODULES[name][2]
        return Exposed(service_name=scripted.service.full_name, register=lambda server: add(scripted, server))


def _scripted(name: str) -> ScriptedService:
    module, service_name, _ = MODULES[name]
    return ScriptedService(module, module.DESCRIPTOR.services_by_name[service_name])
