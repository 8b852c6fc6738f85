"""`python -m sandbox.region --region 54`: settings in, everything wired, served until a signal."""

from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from kabinet.regional.v1 import billing_pb2_grpc

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.chassis.sqlite import Database
from sandbox.region.config import Settings
from sandbox.region.control import build_app
from sandbox.region.credentials import Credentials
from sandbox.region.demo import open_demo_accounts
from sandbox.region.faults import Faults
from sandbox.region.feed import FeedPusher
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
    with database.write() as connection:
        open_demo_accounts(connection, region=region, now=clock.now())
    credentials = Credentials(
        region=region, key_file=settings.region_key_file, trust_file=settings.trust_file, clock=clock
    )
    feed = FeedPusher(database=database, credentials=credentials, accounts_address=settings.accounts_address)
    servicer = Servicer(
        database=database, credentials=credentials, faults=Faults(database), clock=clock, on_news=feed.wake
    )
    server = _grpc_server(servicer, listen=settings.region_listen, threads=settings.region_threads)
    control = build_app(region=region, database=database, clock=clock, on_news=feed.wake)
    server.start()
    feed.start()

    def stop() -> None:
        server.stop(2).wait()
        feed.stop()

    serve_until_signal(
        build_server(control, listen=settings.region_control_listen, threads=_CONTROL_THREADS), on_stop=stop
    )


def _grpc_server(servicer: Servicer, *, listen: str, threads: int) -> grpc.Server:
    server: grpc.Server = grpc.server(ThreadPoolExecutor(threads), options=[("grpc.so_reuseport", 0)])
    billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(servicer, server)
    healthy = health.HealthServicer()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    server.add_insecure_port(listen)
    return server


if __name__ == "__main__":
    main()
