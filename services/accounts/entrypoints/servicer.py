"""Starts the gRPC server: AccountsService, AccountOrderingService and AccountGrantsService for the cabinet,
RegionalFeedService for the regions."""

from kabinet.accounts.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    grants_pb2,
    grants_pb2_grpc,
    ordering_pb2,
    ordering_pb2_grpc,
)
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc

from services.accounts.bootstrap import UseCases, build_grpc
from services.accounts.config import Settings, load
from services.accounts.entrypoints.accounts_servicer import AccountsServicer
from services.accounts.entrypoints.feed_servicer import FeedServicer
from services.accounts.entrypoints.grants_servicer import GrantsServicer
from services.accounts.entrypoints.ordering_servicer import OrderingServicer
from services.chassis.grpc_bootstrap import grpc_server
from services.chassis.grpc_server import Exposed, GrpcServer


class RunningServer:
    """The server and what works beside it."""

    def __init__(self, server: GrpcServer, use_cases: UseCases) -> None:
        self._server = server
        self._use_cases = use_cases

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self, *, grace_s: float) -> None:
        """Let the calls under way end, then what they began."""
        self._server.stop(grace_s=grace_s)
        self._use_cases.close()


def start() -> RunningServer:
    """Start the server as the environment says; it runs until stopped."""
    server = build_server(load())
    server.start()
    return server


def build_server(settings: Settings, /) -> RunningServer:
    """Return the server, not yet started."""
    use_cases = build_grpc(settings)
    accounts, feed = AccountsServicer(use_cases), FeedServicer(use_cases.feed)
    ordering = OrderingServicer(use_cases.ordering, clock=use_cases.clock)
    grants = GrantsServicer(use_cases.grants)
    exposed = [
        Exposed(
            service_name=accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"].full_name,
            register=lambda server: accounts_pb2_grpc.add_AccountsServiceServicer_to_server(accounts, server),
        ),
        Exposed(
            service_name=ordering_pb2.DESCRIPTOR.services_by_name["AccountOrderingService"].full_name,
            register=lambda server: ordering_pb2_grpc.add_AccountOrderingServiceServicer_to_server(ordering, server),
        ),
        Exposed(
            service_name=grants_pb2.DESCRIPTOR.services_by_name["AccountGrantsService"].full_name,
            register=lambda server: grants_pb2_grpc.add_AccountGrantsServiceServicer_to_server(grants, server),
        ),
        Exposed(
            service_name=feed_pb2.DESCRIPTOR.services_by_name["RegionalFeedService"].full_name,
            register=lambda server: feed_pb2_grpc.add_RegionalFeedServiceServicer_to_server(feed, server),
        ),
    ]
    server = grpc_server(
        "accounts",
        settings=settings,
        clock=use_cases.clock,
        services=exposed,
        stream_threads=settings.feed_streams,
    )
    return RunningServer(server, use_cases)
