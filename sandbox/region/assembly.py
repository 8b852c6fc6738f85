"""Putting a region together: settings in, its parts out, wired and not started."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from flask import Flask
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from kabinet.regional.v1 import billing_pb2_grpc, ordering_pb2_grpc

from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import journal
from sandbox.region.calendar import Calendar
from sandbox.region.calls import Calls
from sandbox.region.config import Settings
from sandbox.region.control import build_app
from sandbox.region.credentials import Credentials
from sandbox.region.demo_accounts import enter_contacts, enter_tariff_plans, open_demo_accounts
from sandbox.region.faults import Faults
from sandbox.region.feed import FeedStreamer
from sandbox.region.numbers import RenumberingInterceptor
from sandbox.region.ordering_servicer import OrderingServicer
from sandbox.region.ownership_codes import OwnershipCodes
from sandbox.region.postman import Postman
from sandbox.region.profiles import Profiles, SpoilingInterceptor
from sandbox.region.rules import read_rules
from sandbox.region.schema import SCHEMA
from sandbox.region.servicer import Servicer
from sandbox.region.tls import channel_to_cabinet


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A region's parts: the server (without a port), the back office, and what runs beside them."""

    server: grpc.Server
    control: Flask
    feed: FeedStreamer
    calendar: Calendar
    postman: Postman
    codes: OwnershipCodes
    profiles: Profiles
    database: Database


def assemble(settings: Settings, /, *, region: str, outermost: Sequence[grpc.ServerInterceptor] = ()) -> Assembly:
    """Wire a region; its books are opened, and filled when they are new. `outermost` sees each call first."""
    clock = Clock(settings.clock_file)
    rules = read_rules(region)
    database = Database(settings.region_database, schema=SCHEMA)
    with database.write() as connection:
        journal.begin(connection)
        enter_tariff_plans(connection, rules)
        open_demo_accounts(connection, region=region, now=clock.now())
        enter_contacts(connection, region=region)
    profiles = Profiles(database)
    if settings.region_profile is not None:
        profiles.turn_on(settings.region_profile)
    credentials = Credentials(
        region=region, key_file=settings.region_key_file, trust_file=settings.trust_file, clock=clock
    )
    feed = FeedStreamer(
        database=database, credentials=credentials, profiles=profiles, channel=channel_to_cabinet(settings)
    )
    calendar = Calendar(database=database, rules=rules, clock=clock, on_news=feed.wake)
    codes = OwnershipCodes.from_key(settings.region_key_file)
    postman = Postman(database=database, codes=codes, clock=clock, region=region, smtp_url=settings.smtp_url)
    calls = Calls(credentials=credentials, faults=Faults(database))
    server = _grpc_server(
        Servicer(
            database=database,
            kept_from=rules.kept_from,
            codes=codes,
            calls=calls,
            profiles=profiles,
            clock=clock,
            on_news=feed.wake,
            on_codes=postman.wake,
        ),
        OrderingServicer(
            database=database, rules=rules, calls=calls, calendar=calendar, clock=clock, on_news=feed.wake
        ),
        interceptors=[
            *outermost,
            SpoilingInterceptor(profiles),
            RenumberingInterceptor(database=database, profiles=profiles),
        ],
        threads=settings.region_threads,
    )
    control = build_app(region=region, database=database, profiles=profiles, clock=clock, on_news=feed.wake)
    return Assembly(
        server=server,
        control=control,
        feed=feed,
        calendar=calendar,
        postman=postman,
        codes=codes,
        profiles=profiles,
        database=database,
    )


def _grpc_server(
    billing: Servicer, ordering: OrderingServicer, *, interceptors: Sequence[grpc.ServerInterceptor], threads: int
) -> grpc.Server:
    server: grpc.Server = grpc.server(
        ThreadPoolExecutor(threads), interceptors=list(interceptors), options=[("grpc.so_reuseport", 0)]
    )
    billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(billing, server)
    ordering_pb2_grpc.add_RegionalOrderingServiceServicer_to_server(ordering, server)
    healthy = health.HealthServicer()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    return server
