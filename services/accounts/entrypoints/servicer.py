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
from services.chassis.grpc_bootstrap import Door, grpc_server, server_tls
from services.chassis.grpc_server import Exposed, GrpcServer


class RunningServer:
    """The server, the one for the regions' news where that has a door of its own, and what works beside them."""

    def __init__(self, server: GrpcServer, feed: GrpcServer | None, use_cases: UseCases) -> None:
        self._server = server
        self._feed = feed
        self._use_cases = use_cases

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def feed_port(self) -> int:
        """Where regions push their news."""
        return self._feed.port if self._feed else self._server.port

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers():
            server.start()

    def stop(self, *, grace_s: float) -> None:
        """Let the calls under way end, then what they began."""
        for server in self._servers():
            server.stop(grace_s=grace_s)
        self._use_cases.close()

    def _servers(self) -> list[GrpcServer]:
        return [self._server, self._feed] if self._feed else [self._server]


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
    news = Exposed(
        service_name=feed_pb2.DESCRIPTOR.services_by_name["RegionalFeedService"].full_name,
        register=lambda server: feed_pb2_grpc.add_RegionalFeedServiceServicer_to_server(feed, server),
    )
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
    ]
    door = _feed_door(settings)
    return RunningServer(
        grpc_server(
            "accounts",
            settings=settings,
            clock=use_cases.clock,
            services=exposed if door else [*exposed, news],
            stream_threads=0 if door else settings.feed_streams,
        ),
        _feed_server(settings, use_cases, news, door) if door else None,
        use_cases,
    )


def _feed_server(settings: Settings, use_cases: UseCases, news: Exposed, door: Door) -> GrpcServer:
    return grpc_server(
        "accounts",
        settings=settings,
        clock=use_cases.clock,
        services=[news],
        door=door,
        stream_threads=settings.feed_streams,
    )


def _feed_door(settings: Settings) -> Door | None:
    """Return the door for regions: their certificates are another authority's, and their news take none of the threads
    that subscribers are answered by."""
    if not settings.feed_listen:
        return None
    tls = server_tls(
        certificate_file=settings.feed_tls_certificate_file,
        key_file=settings.feed_tls_key_file,
        ca_file=settings.feed_tls_ca_file,
    )
    return Door(listen=settings.feed_listen, threads=settings.feed_calls, tls=tls)
