"""`python -m sandbox.region --region 54`: settings in, everything wired, served until a signal."""

from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from kabinet.regional.v1 import billing_pb2_grpc, ordering_pb2_grpc

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.chassis.sqlite import Database
from sandbox.region.calendar import Calendar
from sandbox.region.calls import Calls
from sandbox.region.config import Settings
from sandbox.region.control import build_app
from sandbox.region.credentials import Credentials
from sandbox.region.demo import enter_tariff_plans, open_demo_accounts
from sandbox.region.faults import Faults
from sandbox.region.feed import FeedPusher
from sandbox.region.ordering_servicer import OrderingServicer
from sandbox.region.profiles import Profiles, SpoilingInterceptor
from sandbox.region.rules import read_rules
from sandbox.region.schema import SCHEMA
from sandbox.region.servicer import Servicer

_CONTROL_THREADS = 4


def main() -> None:
    """Run one region."""
    parser = ArgumentParser(prog="python -m sandbox.region")
    parser.add_argument("--region", required=True, help='code of the region, "54"')
    region = parser.parse_args().region
    settings = Settings.from_environment()
    json_log.configure(program=f"region {region}", level=settings.log_level)
    clock = Clock(settings.clock_file)
    database = Database(settings.region_database, schema=SCHEMA)
    rules = read_rules(region)
    with database.write() as connection:
        enter_tariff_plans(connection, rules)
        open_demo_accounts(connection, region=region, now=clock.now())
    credentials = Credentials(
        region=region, key_file=settings.region_key_file, trust_file=settings.trust_file, clock=clock
    )
    profiles = Profiles(database)
    if settings.region_profile is not None:
        profiles.turn_on(settings.region_profile)
    feed = FeedPusher(
        database=database, credentials=credentials, profiles=profiles, accounts_address=settings.accounts_address
    )
    calendar = Calendar(database=database, rules=rules, clock=clock, on_news=feed.wake)
    calls = Calls(credentials=credentials, faults=Faults(database))
    billing = Servicer(database=database, calls=calls, clock=clock, on_news=feed.wake)
    ordering = OrderingServicer(
        database=database, rules=rules, calls=calls, calendar=calendar, clock=clock, on_news=feed.wake
    )
    server = build_grpc_server(billing, ordering, profiles=profiles, threads=settings.region_threads)
    server.add_insecure_port(settings.region_listen)
    control = build_app(region=region, database=database, profiles=profiles, clock=clock, on_news=feed.wake)
    server.start()
    feed.start()
    calendar.start()

    def stop() -> None:
        server.stop(2).wait()
        calendar.stop()
        feed.stop()

    serve_until_signal(
        build_server(control, listen=settings.region_control_listen, threads=_CONTROL_THREADS), on_stop=stop
    )


def build_grpc_server(
    billing: Servicer,
    ordering: OrderingServicer,
    /,
    *,
    profiles: Profiles,
    threads: int,
    outermost: Sequence[grpc.ServerInterceptor] = (),
) -> grpc.Server:
    """Return the region's gRPC server, not started and without a port; `outermost` sees each call first."""
    server: grpc.Server = grpc.server(
        ThreadPoolExecutor(threads),
        interceptors=[*outermost, SpoilingInterceptor(profiles)],
        options=[("grpc.so_reuseport", 0)],
    )
    billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(billing, server)
    ordering_pb2_grpc.add_RegionalOrderingServiceServicer_to_server(ordering, server)
    healthy = health.HealthServicer()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    return server


if __name__ == "__main__":
    main()
