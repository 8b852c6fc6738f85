"""A guarded server of a real contract with scripted answers, and callers with keys of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.clock import Clock
from services.chassis.grpc_client import Remote
from services.chassis.grpc_server import Exposed, GrpcServer, Tls
from services.chassis.mongo_errors import unavailable
from services.chassis.tokens import SUBSCRIBER_AUDIENCE, SUBSCRIBER_ISSUER, ServiceTokens, TokenVerifier

_KEYS = {
    name: OKPKey.generate_key("Ed25519", {"kid": name}) for name in ("gateway", "payments", "region:54", "access-1")
}
_NAME = "kabinet.identity.v1.IdentityService"
_CONNECT_WITHIN_S = 10  # whoever is slow in a test is the machine


class Scripted(identity_pb2_grpc.IdentityServiceServicer):
    """Answers `CreateSession`, `GetProfile` and `GetJsonWebKeySet` by one function."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    def CreateSession(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._act()
        return identity_pb2.CreateSessionResponse()

    def GetProfile(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._act()
        return identity_pb2.GetProfileResponse()

    def GetJsonWebKeySet(self, request: Any, context: Any) -> Any:  # noqa: N802
        return identity_pb2.GetJsonWebKeySetResponse(jwks_json="{}")


@contextmanager
def served(act: Callable[[], Any], *, clock: Clock, tls: Tls | None = None) -> Iterator[str]:
    """Serve the contract as "identity" and yield its address."""
    verifier = TokenVerifier(
        name="identity",
        trusted=_public("gateway", "payments", "region:54"),
        subscriber_keys=lambda key_id: _public("access-1"),
        clock=clock,
    )
    server = GrpcServer(
        listen="127.0.0.1:0",
        services=[
            Exposed(
                service_name=_NAME,
                register=lambda to: identity_pb2_grpc.add_IdentityServiceServicer_to_server(Scripted(act), to),  # type: ignore[abstract]
            )
        ],
        verifier=verifier,
        tls=tls,
        translate=unavailable,
    )
    server.start()
    yield f"127.0.0.1:{server.port}"
    server.stop(grace_s=1)


@contextmanager
def stub_of(
    caller: str | None, *, address: str, clock: Clock
) -> Iterator[tuple[Remote, identity_pb2_grpc.IdentityServiceStub]]:
    """Yield what `caller` calls the server with; nobody when None."""
    tokens = ServiceTokens(name=caller, key=_KEYS[caller], clock=clock) if caller else None
    remote = Remote(name="identity", address=address, tokens=tokens, connect_within_s=_CONNECT_WITHIN_S)
    yield remote, identity_pb2_grpc.IdentityServiceStub(remote.channel)
    remote.close()


def access_token(clock: Clock, **other: Any) -> str:
    """Return a subscriber's token; `other` replaces claims."""
    ends = int(clock.now().timestamp()) + 300
    claims = {
        "iss": SUBSCRIBER_ISSUER,
        "aud": SUBSCRIBER_AUDIENCE,
        "sub": "sub_1",
        "sid": "ses_1",
        "exp": ends,
    } | other
    return jwt.encode({"alg": "Ed25519", "kid": "access-1"}, claims, _KEYS["access-1"], algorithms=["Ed25519"])


def service_token(name: str, *, callee: str, clock: Clock) -> str:
    """Return the token with which a service or region speaks to `callee`."""
    return ServiceTokens(name=name, key=_KEYS[name], clock=clock).for_callee(callee)


def raw_code(address: str, authorization: str) -> grpc.StatusCode:
    """Call `GetProfile` with a header as it is, and return the status."""
    with grpc.insecure_channel(address) as channel:
        stub = identity_pb2_grpc.IdentityServiceStub(channel)
        try:
            stub.GetProfile(identity_pb2.GetProfileRequest(), timeout=30, metadata=(("authorization", authorization),))
        except grpc.RpcError as error:
            call: Any = error
            code: grpc.StatusCode = call.code()
            return code
    return grpc.StatusCode.OK


def _public(*names: str) -> KeySet:
    return KeySet.import_key_set({"keys": [_KEYS[name].as_dict(private=False) for name in names]})
