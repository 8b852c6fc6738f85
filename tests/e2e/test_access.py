"""Every method of every service against callers that it is not for; the list is the contract itself (no list to
forget)."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from kabinet.accounts.v1 import accounts_pb2, grants_pb2
from kabinet.accounts.v1 import ordering_pb2 as account_ordering_pb2
from kabinet.common.v1 import access_pb2
from kabinet.content.v1 import content_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import payments_pb2
from kabinet.regional.v1 import billing_pb2, feed_pb2
from kabinet.regional.v1 import ordering_pb2 as regional_ordering_pb2

from services.chassis.clock import SystemClock
from services.chassis.tokens import ServiceTokens, load_private_key
from tests.support.running_suite import RunningSuite

_SERVED_BY = {
    identity_pb2: "identity",
    accounts_pb2: "accounts",
    account_ordering_pb2: "accounts",
    grants_pb2: "accounts",
    payments_pb2: "payments",
    documents_pb2: "documents",
    content_pb2: "content",
    feed_pb2: "accounts",
    billing_pb2: "region-moscow",
    regional_ordering_pb2: "region-moscow",
}
_AUDIENCE = {"region-moscow": "region:77"}
_REFUSED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}


def _methods() -> Iterator[tuple[str, MethodDescriptor]]:
    for module, part in _SERVED_BY.items():
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield part, method


_ALL = {f"/{method.containing_service.full_name}/{method.name}": (part, method) for part, method in _methods()}
_PUBLIC = {"/kabinet.identity.v1.IdentityService/GetJsonWebKeySet"}


def _status(suite: RunningSuite, path: str, authorization: str) -> grpc.StatusCode:
    """Call a method with an empty request and return how it ends."""
    part, method = _ALL[path]
    with grpc.insecure_channel(suite.address(part)) as opened:
        channel: Any = opened  # bytes in, bytes out: no message class has a part in it
        metadata = (("authorization", authorization),) if authorization else ()
        try:
            if method.server_streaming:
                list(channel.unary_stream(path)(b"", timeout=5, metadata=metadata))
            else:
                channel.unary_unary(path)(b"", timeout=5, metadata=metadata)
        except grpc.RpcError as error:
            call: Any = error  # what a finished call raises is a grpc.Call too
            code: grpc.StatusCode = call.code()
            return code
    return grpc.StatusCode.OK


def _token_of(suite: RunningSuite, caller: str, part: str) -> str:
    key = load_private_key(suite.run_dir / "keys" / f"{caller.replace(':', '-')}.jwk.json")
    tokens = ServiceTokens(name=caller, key=key, clock=SystemClock())
    return f"Bearer {tokens.for_callee(_AUDIENCE.get(part, part))}"


def test_knows_every_service_of_the_contract() -> None:
    pool = descriptor_pool.Default()

    assert len(_ALL) >= 60
    assert all(pool.FindMethodByName(path.strip("/").replace("/", ".")) for path in _ALL)


@pytest.mark.parametrize("path", sorted(set(_ALL) - _PUBLIC))
def test_answers_nobody_without_credentials(suite: RunningSuite, path: str) -> None:
    assert _status(suite, path, "") is grpc.StatusCode.UNAUTHENTICATED
    assert _status(suite, path, "Bearer forged.token.here") is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("path", sorted(_ALL))
def test_answers_no_caller_that_the_contract_does_not_name(suite: RunningSuite, path: str) -> None:
    part, method = _ALL[path]
    rule = method.GetOptions().Extensions[access_pb2.access]
    callers = {"gateway", "identity", "accounts", "payments", "documents", "content"} - set(rule.services)
    callers |= set() if rule.region else {"region:77"}

    for caller in set() if rule.anyone else callers:
        assert _status(suite, path, _token_of(suite, caller, part)) in _REFUSED, caller


@pytest.mark.parametrize("path", sorted(set(_ALL) - _PUBLIC))
def test_takes_no_token_that_was_made_for_somebody_else(suite: RunningSuite, path: str) -> None:
    _, method = _ALL[path]
    rule = method.GetOptions().Extensions[access_pb2.access]

    for caller in rule.services or (["region:77"] if rule.region else []):
        token = _token_of(suite, caller, "somebody-else")
        assert _status(suite, path, token) is grpc.StatusCode.UNAUTHENTICATED
