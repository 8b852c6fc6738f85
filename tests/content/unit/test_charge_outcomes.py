"""What accounts answers to a fee, in the words of content: a refusal ends an order, and nothing else does."""

from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from services.chassis.errors import Kind
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import RemoteError
from services.content.adapters.grpc_accounts import GrpcAccounts
from services.content.domain.ports import ChargeOutcome, ChargeVerdict
from tests.content.builders import make_order


def _outcome(kind: Kind, reason: str) -> ChargeOutcome:
    def refuse(*_call: Any, **_options: Any) -> None:
        raise RemoteError(kind=kind, reason=reason, message="Refused by the script.", metadata={})

    with grpc.insecure_channel("localhost:1") as channel:  # nobody is called
        return GrpcAccounts(cast(Remote, SimpleNamespace(channel=channel, call=refuse))).place(make_order())


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.FAILED_PRECONDITION, "INSUFFICIENT_FUNDS"),
        (Kind.FAILED_PRECONDITION, "ACCOUNT_CLOSED"),
        (Kind.FAILED_PRECONDITION, "ACCOUNT_DISPUTED"),
        (Kind.PERMISSION_DENIED, "PROOF_OUTDATED"),
        (Kind.PERMISSION_DENIED, "GRANT_FROZEN"),
        (Kind.PERMISSION_DENIED, "ACTION_NOT_ALLOWED"),
    ],
)
def test_what_the_contract_calls_a_refusal_is_one_with_its_reason(kind: Kind, reason: str) -> None:
    assert _outcome(kind, reason) == ChargeOutcome(verdict=ChargeVerdict.REFUSED, reason=reason)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.UNAVAILABLE, "REGION_UNAVAILABLE"),
        (Kind.PERMISSION_DENIED, "CALLER_NOT_ALLOWED"),
        (Kind.ALREADY_EXISTS, "CHARGE_ID_REUSED"),
    ],
)
def test_of_everything_else_nobody_knows_what_it_left_behind(kind: Kind, reason: str) -> None:
    assert _outcome(kind, reason) == ChargeOutcome(verdict=ChargeVerdict.UNKNOWN, reason=reason)
