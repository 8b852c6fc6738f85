"""The reference region within the test's own process, with room for one bug between the wire and its books."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from joserfc.jwk import KeySet, OKPKey

from kabinet_conformance.target import Target
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region.__main__ import build_grpc_server
from sandbox.region.calendar import Calendar
from sandbox.region.calls import Calls
from sandbox.region.credentials import Credentials
from sandbox.region.demo import enter_tariff_plans, open_demo_accounts
from sandbox.region.faults import Faults
from sandbox.region.ordering_servicer import OrderingServicer
from sandbox.region.profiles import Profiles
from sandbox.region.rules import read_rules
from sandbox.region.schema import SCHEMA
from sandbox.region.servicer import Servicer

REGION = "54"
ACCOUNT, CLOSED, OTHER = "5400200001", "5400200003", "5400200002"
PROOF = "1207-NSK"

Proceed = Callable[[Any, Any], Any]
Bug = Callable[[Any, Any, Proceed], Any]


@dataclass(frozen=True, slots=True)
class RunningRegion:
    """A region that answers, and what the kit needs to examine it."""

    target: Target
    key_file: Path
    profiles: Profiles
    server: grpc.Server


class Misbehaving(grpc.ServerInterceptor):
    """Puts a bug in front of the methods that it is for; "*" is for all."""

    def __init__(self, bugs: Mapping[str, Bug]) -> None:
        self._bugs = bugs

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        handler = continuation(handler_call_details)
        bug = self._bugs.get(handler_call_details.method.rpartition("/")[2], self._bugs.get("*"))
        if handler is None or bug is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: bug(request, context, handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def start_region(folder: Path, *, bugs: Mapping[str, Bug]) -> RunningRegion:
    """Start a region with fresh books, one account of which is closed."""
    key = OKPKey.generate_key("Ed25519", {"kid": "accounts"})
    clock = Clock(None)
    database = _books(folder / "region.sqlite3", clock)
    credentials = Credentials(
        region=REGION,
        key_file=_written(folder / "accounts.jwk", key.as_dict(private=True)),
        trust_file=_written(folder / "trust.json", KeySet([key]).as_dict(private=False)),
        clock=clock,
    )
    rules = read_rules(REGION)
    profiles = Profiles(database)
    calls = Calls(credentials=credentials, faults=Faults(database))
    calendar = Calendar(database=database, rules=rules, clock=clock, on_news=_nobody_listens)
    server = build_grpc_server(
        Servicer(database=database, calls=calls, clock=clock, on_news=_nobody_listens),
        OrderingServicer(
            database=database, rules=rules, calls=calls, calendar=calendar, clock=clock, on_news=_nobody_listens
        ),
        profiles=profiles,
        threads=16,
        outermost=(Misbehaving(bugs),),
    )
    endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    target = Target(
        endpoint=endpoint,
        region=REGION,
        key=key,
        account=ACCOUNT,
        proof_kind="contract_code",
        proof_value=PROOF,
        closed_account=CLOSED,
        other_account=OTHER,
    )
    return RunningRegion(target=target, key_file=folder / "accounts.jwk", profiles=profiles, server=server)


def _books(file: Path, clock: Clock) -> Database:
    database = Database(file, schema=SCHEMA)
    with database.write() as connection:
        enter_tariff_plans(connection, read_rules(REGION))
        open_demo_accounts(connection, region=REGION, now=clock.now())
        connection.execute("UPDATE accounts SET closed = 1 WHERE number = ?", (CLOSED,))
    return database


def _written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content))
    return file


def _nobody_listens() -> None:
    """The feed is not part of the examination."""
