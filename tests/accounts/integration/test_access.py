"""Who may call: the contract's own rules, tried on every method of the real server."""

from typing import Any

import pytest
from google.protobuf import message_factory
from kabinet.accounts.v1 import accounts_pb2, grants_pb2, ordering_pb2
from kabinet.regional.v1 import feed_pb2

from services.chassis.errors import Kind
from services.chassis.grpc_access import access_of
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, Cabinet, Caller

_SERVICES = [
    accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"],
    ordering_pb2.DESCRIPTOR.services_by_name["AccountOrderingService"],
    grants_pb2.DESCRIPTOR.services_by_name["AccountGrantsService"],
    feed_pb2.DESCRIPTOR.services_by_name["RegionalFeedService"],
]
_RULES = access_of([service.full_name for service in _SERVICES])
_METHODS = [(f"/{service.full_name}/{method.name}", method) for service in _SERVICES for method in service.methods]
_SERVICE_CALLERS = {"gateway", "payments", "documents", "content", "identity"}


def _kind(path: str, method: Any, caller: Caller) -> Kind | None:
    """Return how a call with an empty request ends; None for an answer."""
    response = message_factory.GetMessageClass(method.output_type)
    call: Any = caller.remote.channel.unary_unary(
        path, request_serializer=lambda message: message.SerializeToString(), response_deserializer=response.FromString
    )
    request = message_factory.GetMessageClass(method.input_type)()
    try:
        caller.remote.call(call, request, cap_s=10, access_token=caller.access_token)
    except RemoteError as error:
        return error.kind
    return None


@pytest.mark.parametrize(("path", "method"), _METHODS, ids=[path for path, _ in _METHODS])
def test_lets_in_whom_the_contract_names_and_nobody_else(cabinet: Cabinet, path: str, method: Any) -> None:
    rule = _RULES[path]
    refused, unknown = Kind.PERMISSION_DENIED, Kind.UNAUTHENTICATED

    assert _kind(path, method, cabinet.by_nobody()) == unknown
    assert (_kind(path, method, cabinet.by(ANNA)) == refused) != rule.subscriber
    assert (_kind(path, method, cabinet.by_service("region:54")) == refused) != rule.region
    for name in _SERVICE_CALLERS:
        assert (_kind(path, method, cabinet.by_service(name)) == refused) != (name in rule.services)
