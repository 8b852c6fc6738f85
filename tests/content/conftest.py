"""Fixtures of content's integration tests: the service on real servers, accounts scripted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from kabinet.accounts.v1 import accounts_pb2, accounts_pb2_grpc
from kabinet.content.v1 import content_pb2_grpc
from pymongo.database import Database

from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_client import Remote
from services.content.bootstrap import build_dispatcher
from services.content.bootstrap_stores import Stores, open_stores
from services.content.config import load
from services.content.entrypoints.servicer import build_server
from tests.support.neighbourhood import Neighbourhood


def refusal(kind: Kind, reason: str) -> DomainError:
    error = DomainError("Refused by the script.")
    error.kind, error.reason = kind, reason
    return error


@dataclass
class ScriptedAccounts(accounts_pb2_grpc.AccountsServiceServicer):
    """Knows who may order on which account, and keeps the ledger of a region that bills a charge once."""

    links: set[tuple[str, str]] = field(default_factory=set)
    ledger: dict[str, accounts_pb2.PlaceChargeRequest] = field(default_factory=dict)
    before_billing: list[DomainError] = field(default_factory=list)
    after_billing: list[DomainError] = field(default_factory=list)

    def AuthorizeAction(  # noqa: N802
        self, request: accounts_pb2.AuthorizeActionRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.AuthorizeActionResponse:
        assert request.action == accounts_pb2.ACTION_ORDER_CONTENT
        if (request.subscriber_id, request.billing_account_id) not in self.links:
            raise refusal(Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")
        return accounts_pb2.AuthorizeActionResponse(region="54", number="1", time_zone="Asia/Novosibirsk")

    def PlaceCharge(  # noqa: N802
        self, request: accounts_pb2.PlaceChargeRequest, context: grpc.ServicerContext
    ) -> accounts_pb2.PlaceChargeResponse:
        if self.before_billing:
            raise self.before_billing.pop(0)
        self.ledger.setdefault(request.charge_id, request)
        if self.after_billing:
            raise self.after_billing.pop(0)
        return accounts_pb2.PlaceChargeResponse(regional_charge_id=f"fee-{request.charge_id}")


@dataclass
class World:
    """The service, and everything around it."""

    neighbourhood: Neighbourhood
    accounts: ScriptedAccounts
    database: Database[dict[str, Any]]
    environment: dict[str, str]
    stores: Stores
    remote: Remote
    stub: content_pb2_grpc.ContentServiceStub

    def ask(self, method: Any, request: Any, *, subscriber: str | None = None) -> Any:
        """Call as a subscriber, or as the gateway itself."""
        token = self.neighbourhood.access_token(subscriber) if subscriber else None
        return self.remote.call(method, request, cap_s=30, access_token=token)


@pytest.fixture
def world(
    tmp_path: Path,
    mongo_url: str,
    amqp_url: str,
    database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The gRPC server, running; the dispatcher's part is the fixture `dispatcher`."""
    neighbourhood = Neighbourhood(tmp_path)
    accounts = ScriptedAccounts()  # type: ignore[abstract]  # what it lacks answers UNIMPLEMENTED
    accounts_address = neighbourhood.serve(
        "accounts",
        service="kabinet.accounts.v1.AccountsService",
        register=lambda server: accounts_pb2_grpc.add_AccountsServiceServicer_to_server(accounts, server),
    )
    environment = {
        **neighbourhood.environment("content"),
        "MONGO_URL": mongo_url,
        "MONGO_DATABASE": database.name,
        "AMQP_URL": amqp_url,
        "ACCOUNTS_ADDRESS": accounts_address,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stores = open_stores(load(), role="test")
    try:
        address = neighbourhood.run(build_server(load(), stores))
        remote = neighbourhood.remote("content", address=address, caller="gateway")
        stub = content_pb2_grpc.ContentServiceStub(remote.channel)
        yield World(neighbourhood, accounts, database, environment, stores, remote, stub)
    finally:
        neighbourhood.stop()
        stores.client.close()


@pytest.fixture
def dispatcher(world: World) -> Iterator[None]:
    """The dispatcher's loops, running."""
    running = build_dispatcher(load(), world.stores)
    running.start()
    yield
    running.stop(grace_s=10)
