"""The accounts service under test: its real server and dispatcher, and ways to call it as whoever may."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import accounts_pb2_grpc, grants_pb2_grpc, ordering_pb2_grpc
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2_grpc, feed_pb2_grpc

from services.accounts.bootstrap import RunningDispatcher, build_dispatcher
from services.accounts.config import Settings
from services.accounts.entrypoints.servicer import RunningServer, build_server
from services.chassis.clock import SystemClock
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_values import time_to_proto
from tests.accounts.integration.scripted_ordering import ScriptedOrdering
from tests.accounts.integration.scripted_region import CONTRACT_CODE, NUMBER, ScriptedRegion
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood

ANNA = "sub_" + "a" * 32
BORIS = "sub_" + "b" * 32
_CALL_S = 30  # whoever is slow in a test is the machine
_GRACE_S = 20


@dataclass(slots=True)
class Cabinet:
    """Pauses are short, so that a test waits milliseconds where production waits seconds; time-outs are long, so that
    none ends what only the machine makes slow."""

    neighbourhood: Neighbourhood
    mongo_url: str
    database_name: str
    amqp_url: str = "amqp://127.0.0.1:1"
    region: ScriptedRegion = field(default_factory=ScriptedRegion)
    ordering: ScriptedOrdering = field(init=False)
    overrides: dict[str, Any] = field(default_factory=dict)
    region_address: str = ""
    _address: str = ""
    _remotes: dict[str | None, Remote] = field(default_factory=dict)
    _running: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ordering = ScriptedOrdering(self.region)

    def start(self) -> None:
        """Start the region, unless another one was given, and the server, and wait until it answers a subscriber: the
        first connections are made then, to it and to identity."""
        self.region_address = self.region_address or self.neighbourhood.serve(
            "region:54",
            service="kabinet.regional.v1.RegionalBillingService",
            register=lambda server: billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(self.region, server),
            others=[self.ordering.exposed()],
        )
        server: RunningServer = build_server(self.settings())
        server.start()
        self._running.append(lambda: server.stop(grace_s=0))
        self._running.append(lambda: server._use_cases.pool.stop(grace_s=_GRACE_S))  # nothing writes after the test
        self._address = f"127.0.0.1:{server.port}"
        eventually(lambda: is_answered(self.by(ANNA)))

    def start_dispatcher(self) -> RunningDispatcher:
        """Start one more replica of the dispatcher."""
        dispatcher = build_dispatcher(self.settings())
        dispatcher.start()
        self._running.append(lambda: dispatcher.stop(grace_s=_GRACE_S))
        return dispatcher

    def stop(self) -> None:
        for stop in reversed(self._running):
            stop()

    def settings(self) -> Settings:
        values: dict[str, Any] = {
            "mongo_url": self.mongo_url,
            "mongo_database": self.database_name,
            "amqp_url": self.amqp_url,
            "grpc_listen": "127.0.0.1:0",
            "service_key_file": self.neighbourhood.key_file("accounts"),
            "trust_file": self.neighbourhood.trust_file,
            "secret_key_file": self.secret_file,
            "identity_address": self.neighbourhood.identity(),
            "region_endpoints": self.region_endpoints,
            "figures_young_for_s": 0,
            "rows_refresh_after_s": 0,
            "region_timeout_s": 9,
            "region_pause_s": 0.2,
            "posting_retry_s": "0.05,0.1",
            "posting_lease_s": 60,
            "ordering_retry_s": "0.05,0.1",
            "ordering_look_s": "0.1",
            "ordering_call_s": 9,
        }
        return Settings(**(values | self.overrides))

    @property
    def region_endpoints(self) -> str:
        return f"54={self.region_address}"

    def by(self, subscriber_id: str) -> "Caller":
        """Call as a subscriber."""
        return Caller(self._remote(None), self.neighbourhood.access_token(subscriber_id))

    def by_service(self, name: str) -> "Caller":
        """Call as a deployable, or as a region ("region:54")."""
        return Caller(self._remote(name), None)

    def by_nobody(self) -> "Caller":
        return Caller(self._remote(None), None)

    def linked(
        self,
        subscriber_id: str = ANNA,
        *,
        kind: str = "contract_code",
        relation: pb.Relation.ValueType = pb.RELATION_OWN,
    ) -> pb.BillingAccount:
        """Link the region's one account."""
        request = link_request(kind=kind, value=self.region.proofs[kind], relation=relation)
        account: pb.BillingAccount = self.by(subscriber_id).accounts("LinkBillingAccount", request).billing_account
        return account

    def confirmed(self, subscriber_id: str = ANNA) -> pb.BillingAccount:
        """Have a code sent to the owner's contact, read it there, and confirm the claim by it."""
        subscriber = self.by(subscriber_id)
        subscriber.accounts("SendOwnershipCode", pb.SendOwnershipCodeRequest(region="54", number=NUMBER))
        code = self.region.sent_codes[-1]
        account: pb.BillingAccount = subscriber.accounts(
            "LinkBillingAccount", link_request(kind="contact_code", value=code)
        ).billing_account
        return account

    @property
    def secret_file(self) -> Path:
        """The file of a secret of accounts."""
        file = self.neighbourhood.folder / "accounts.secret"
        file.write_text("a secret of accounts, for its tests only")
        return file

    def _remote(self, caller: str | None) -> Remote:
        if caller not in self._remotes:
            self._remotes[caller] = self.neighbourhood.remote("accounts", address=self._address, caller=caller)
        return self._remotes[caller]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls."""

    remote: Remote
    access_token: str | None

    def accounts(self, method: str, request: Any, *, cap_s: float = _CALL_S) -> Any:
        stub = accounts_pb2_grpc.AccountsServiceStub(self.remote.channel)
        return self.remote.call(getattr(stub, method), request, cap_s=cap_s, access_token=self.access_token)

    def ordering(self, method: str, request: Any) -> Any:
        stub = ordering_pb2_grpc.AccountOrderingServiceStub(self.remote.channel)
        return self.remote.call(getattr(stub, method), request, cap_s=_CALL_S, access_token=self.access_token)

    def grants(self, method: str, request: Any) -> Any:
        stub = grants_pb2_grpc.AccountGrantsServiceStub(self.remote.channel)
        return self.remote.call(getattr(stub, method), request, cap_s=_CALL_S, access_token=self.access_token)

    def feed(self, method: str, request: Any) -> Any:
        stub = feed_pb2_grpc.RegionalFeedServiceStub(self.remote.channel)
        return self.remote.call(getattr(stub, method), request, cap_s=_CALL_S, access_token=self.access_token)


def is_answered(caller: Caller) -> bool:
    """Say whether the server answers a subscriber already."""
    try:
        caller.accounts("ListRegions", pb.ListRegionsRequest())
    except RemoteError:
        return False
    return True


def link_request(
    *,
    number: str = NUMBER,
    kind: str = "contract_code",
    value: str = CONTRACT_CODE,
    request_id: str = "",
    relation: pb.Relation.ValueType = pb.RELATION_OWN,
    client_address: str = "192.0.2.7",
) -> pb.LinkBillingAccountRequest:
    return pb.LinkBillingAccountRequest(
        request_id=request_id,
        region="54",
        number=number,
        relation=relation,
        label="Дом",
        proof=pb.Proof(kind=kind, value=value),
        client_address=client_address,
    )


def posting_request(payment_id: str, billing_account_id: str, *, kopecks: int = 45000) -> pb.RequestPostingRequest:
    return pb.RequestPostingRequest(
        payment_id=payment_id,
        billing_account_id=billing_account_id,
        amount=rub(kopecks),
        captured_at=time_to_proto(SystemClock().now()),
    )


def rub(kopecks: int) -> money_pb2.Money:
    return money_pb2.Money(amount_minor=kopecks, currency="RUB")
