"""A service under test among its neighbours: keys, trust, tokens, real gRPC servers that answer what a test tells them
to."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.clock import SystemClock
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_client import Remote
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.tokens import (
    ALGORITHM,
    SUBSCRIBER_AUDIENCE,
    SUBSCRIBER_ISSUER,
    ServiceTokens,
    TokenVerifier,
    load_private_key,
    load_trusted_keys,
)

_CALLERS = ("identity", "accounts", "payments", "documents", "content", "gateway", "region:54", "region:77")
_CONNECT_WITHIN_S = 10  # whoever is slow in a test is the machine


@dataclass(slots=True)
class Neighbourhood:
    """Keys in a folder, and the servers that were started with them."""

    folder: Path
    contacts: dict[str, identity_pb2.GetContactResponse | None] = field(default_factory=dict)
    _servers: list[GrpcServer] = field(default_factory=list)
    _remotes: list[Remote] = field(default_factory=list)
    _access_key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "access"}))
    _addresses: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        public = [self._make_key(name) for name in _CALLERS]
        self.trust_file.write_text(json.dumps({"keys": public}))

    @property
    def trust_file(self) -> Path:
        return self.folder / "trust.json"

    def key_file(self, name: str) -> Path:
        """Return the file of a caller's private key."""
        return self.folder / f"{name}.jwk.json"

    def environment(self, name: str, **own: str) -> Mapping[str, str]:
        """Return the settings that every service needs, and its own ones."""
        return {
            "SERVICE_KEY_FILE": str(self.key_file(name)),
            "TRUST_FILE": str(self.trust_file),
            "IDENTITY_ADDRESS": self.identity(),
            "GRPC_LISTEN": "127.0.0.1:0",
            **own,
        }

    def identity(self) -> str:
        """Return the address of an identity that tells its keys and one address for everybody, but for those in
        `contacts`: None there is a subscriber that is gone."""
        if "identity" not in self._addresses:
            servicer = _Identity(KeySet([self._access_key]), self.contacts)  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
            self.serve(
                "identity",
                service="kabinet.identity.v1.IdentityService",
                register=lambda server: identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server),
            )
        return self._addresses["identity"]

    def serve(self, name: str, *, service: str, register: Callable[[Any], None], others: Sequence[Exposed] = ()) -> str:
        """Start a neighbour that lets in whom the contract lets in, and return its address; `others` are further
        services of the same server."""
        verifier = TokenVerifier(
            name=name,
            trusted=load_trusted_keys(self.trust_file),
            subscriber_keys=lambda _key_id: KeySet([self._access_key]),
            clock=SystemClock(),
        )
        server = GrpcServer(
            listen="127.0.0.1:0",
            services=[Exposed(service_name=service, register=register), *others],
            verifier=verifier,
            threads=4,
        )
        self.run(server)
        self._addresses[name] = f"127.0.0.1:{server.port}"
        return self._addresses[name]

    def run(self, server: GrpcServer) -> str:
        """Start any server until the test ends, and return its address."""
        server.start()
        self._servers.append(server)
        return f"127.0.0.1:{server.port}"

    def remote(self, name: str, *, address: str, caller: str | None) -> Remote:
        """Return a way to call a server; as `caller`, or as nobody unless a call brings an access token."""
        tokens = (
            ServiceTokens(name=caller, key=load_private_key(self.key_file(caller)), clock=SystemClock())
            if caller
            else None
        )
        remote = Remote(name=name, address=address, tokens=tokens, connect_within_s=_CONNECT_WITHIN_S)
        self._remotes.append(remote)
        return remote

    def access_token(self, subscriber_id: str) -> str:
        """Return an access token as identity would issue it."""
        now = datetime.now(UTC)
        claims = {
            "iss": SUBSCRIBER_ISSUER,
            "aud": SUBSCRIBER_AUDIENCE,
            "sub": subscriber_id,
            "sid": "ses_" + "0" * 32,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": "access"}, claims, self._access_key, algorithms=[ALGORITHM])

    def stop(self) -> None:
        """Stop whatever was started."""
        for remote in self._remotes:
            remote.close()
        for server in self._servers:
            server.stop(grace_s=0)

    def _make_key(self, name: str) -> dict[str, Any]:
        key = OKPKey.generate_key("Ed25519", {"kid": name}, private=True)
        self.key_file(name).write_text(json.dumps(key.as_dict(private=True)))
        return dict(key.as_dict(private=False))


class _NoSuchSubscriber(DomainError):
    reason = "SUBSCRIBER_NOT_FOUND"
    kind = Kind.NOT_FOUND


class _Identity(identity_pb2_grpc.IdentityServiceServicer):
    def __init__(self, keys: KeySet, contacts: Mapping[str, identity_pb2.GetContactResponse | None]) -> None:
        self._answer = json.dumps(keys.as_dict(private=False))
        self._contacts = contacts

    def GetJsonWebKeySet(  # noqa: N802
        self, request: identity_pb2.GetJsonWebKeySetRequest, context: grpc.ServicerContext
    ) -> identity_pb2.GetJsonWebKeySetResponse:
        return identity_pb2.GetJsonWebKeySetResponse(jwks_json=self._answer)

    def GetContact(  # noqa: N802
        self, request: identity_pb2.GetContactRequest, context: grpc.ServicerContext
    ) -> identity_pb2.GetContactResponse:
        somebody = identity_pb2.GetContactResponse(email="subscriber@example.test", language="ru")
        contact = self._contacts.get(request.subscriber_id, somebody)
        if contact is None:
            raise _NoSuchSubscriber("There is no such subscriber.")
        return contact
