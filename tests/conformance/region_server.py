"""The reference region within the test's own process, with room for one bug between the wire and its books."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from joserfc.jwk import KeySet, OKPKey

from kabinet_conformance.target import Target
from sandbox.region.assembly import Assembly, assemble
from sandbox.region.config import Settings
from sandbox.region.profiles import Profiles

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
    """Start a region with fresh books, one account of which is closed; its feed and its back office stay shut."""
    key = OKPKey.generate_key("Ed25519", {"kid": "accounts"})
    settings = Settings(
        region_database=folder / "region.sqlite3",
        region_key_file=_written(folder / "accounts.jwk", key.as_dict(private=True)),
        trust_file=_written(folder / "trust.json", KeySet([key]).as_dict(private=False)),
        accounts_address="127.0.0.1:1",
    )
    parts = assemble(settings, region=REGION, outermost=(Misbehaving(bugs),))
    with parts.database.write() as connection:
        connection.execute("UPDATE accounts SET closed = 1 WHERE number = ?", (CLOSED,))
    endpoint = f"127.0.0.1:{parts.server.add_insecure_port('127.0.0.1:0')}"
    parts.server.start()
    target = Target(
        endpoint=endpoint,
        region=REGION,
        key=key,
        account=ACCOUNT,
        proof_kind="contract_code",
        proof_value=PROOF,
        closed_account=CLOSED,
        other_account=OTHER,
        read_code=lambda: _newest_code(parts),
        deadline_s=30,  # whoever is slow in a test is the machine
    )
    return RunningRegion(target=target, key_file=settings.region_key_file, profiles=parts.profiles, server=parts.server)


def _newest_code(parts: Assembly) -> str:
    """Return what the postman would have mailed last to the account's owner."""
    letters = parts.codes.letters(parts.database.read(), now=datetime.now(UTC))
    return [letter.code for letter in letters if letter.number == ACCOUNT][-1]


def _written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content))
    return file
