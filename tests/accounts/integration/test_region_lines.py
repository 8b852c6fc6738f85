"""The lines to the regions: what each is shown, and how often it is asked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import grpc
import pytest
from joserfc import jws
from kabinet.regional.v1 import billing_pb2_grpc

from services.accounts.adapters import region_gate
from services.accounts.adapters.grpc_regions import GrpcRegionalBilling
from services.accounts.adapters.region_gate import GateRules
from services.accounts.adapters.region_lines import LineRules, RegionLines
from services.accounts.adapters.region_registry import RegionEndpoint
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errors import RegionNotAsked, RegionUnavailable
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.clock import SystemClock
from services.chassis.money import Money
from services.chassis.tokens import ServiceTokens, load_private_key
from tests.accounts.builders import A_MORNING
from tests.support.neighbourhood import Neighbourhood

_TERMS = PostingTerms(deduplicates=False, settles_after=timedelta(seconds=60))


class Refusing(billing_pb2_grpc.RegionalBillingServiceServicer):
    """A region whose books are closed; it remembers what it was asked, and with which credential."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.audiences: set[str] = set()

    def GetAccount(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._refuse("GetAccount", context)

    def PostPayment(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._refuse("PostPayment", context)

    def _refuse(self, method: str, context: Any) -> None:
        self.calls.append(method)
        token = dict(context.invocation_metadata())["authorization"].removeprefix("Bearer ")
        self.audiences.add(jws.extract_compact(token.encode()).payload.decode())
        context.abort(grpc.StatusCode.UNAVAILABLE, "books closed")


@pytest.fixture
def regions() -> dict[str, Refusing]:
    return {"54": Refusing(), "77": Refusing()}  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED


@pytest.fixture
def lines(neighbourhood: Neighbourhood, regions: dict[str, Refusing]) -> Iterator[RegionLines]:
    """The lines to them, connected already: what is counted is calls and no tries to connect."""
    servers, endpoints = [], {}
    for code, region in regions.items():
        server = grpc.server(ThreadPoolExecutor(4))
        billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(region, server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        endpoints[code] = RegionEndpoint(address=address, posting_terms=_TERMS if code == "54" else PostingTerms())
        server.start()
        servers.append(server)
    key = load_private_key(neighbourhood.key_file("accounts"))
    subject = RegionLines(
        endpoints=endpoints,
        tokens=ServiceTokens(name="accounts", key=key, clock=SystemClock()),
        rules=LineRules(gate=GateRules(failures=3, pause_s=60, calls=8), timeout_s=30, retry_budget=0.1),
    )
    for connected in subject.stubs(grpc.channel_ready_future).values():
        connected.result(timeout=60)
    yield subject
    subject.close()
    for server in servers:
        server.stop(0).wait()


def test_each_region_is_shown_a_token_that_opens_it_alone(lines: RegionLines, regions: dict[str, Refusing]) -> None:
    billing = GrpcRegionalBilling(lines)

    for code in regions:
        with pytest.raises(RegionUnavailable):
            billing.account(AccountKey(code, "1"))

    for code, region in regions.items():
        (claims,) = region.audiences
        assert f'"aud":"region:{code}"' in claims.replace(" ", "")


def test_a_read_is_repeated_once_and_a_payment_never(lines: RegionLines, regions: dict[str, Refusing]) -> None:
    billing, key = GrpcRegionalBilling(lines), AccountKey("54", "1")

    with pytest.raises(RegionUnavailable):
        billing.account(key)
    with pytest.raises(RegionUnavailable):
        billing.post_payment(key, payment_id="pay_1", amount=Money(100), captured_at=A_MORNING)

    assert regions["54"].calls == ["GetAccount", "GetAccount", "PostPayment"]


def test_a_region_that_is_left_alone_is_not_asked_and_says_so(
    lines: RegionLines, regions: dict[str, Refusing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_gate, "_FIRST_PAUSE_S", 60)
    billing = GrpcRegionalBilling(lines)
    for _ in range(3):
        with pytest.raises(RegionUnavailable):
            billing.account(AccountKey("54", "1"))
    regions["54"].calls.clear()

    with pytest.raises(RegionNotAsked):
        billing.post_payment(AccountKey("54", "1"), payment_id="pay_1", amount=Money(1), captured_at=A_MORNING)

    assert (regions["54"].calls, lines.rooms(8)) == ([], {"54": 0, "77": 8})
    assert lines.opens_in_s() is not None


def test_a_region_without_a_line_is_not_there(lines: RegionLines) -> None:
    with pytest.raises(RegionUnavailable) as refused:
        GrpcRegionalBilling(lines).account(AccountKey("25", "1"))

    assert not isinstance(refused.value, RegionNotAsked)  # tried more and more rarely, and told to a person
    assert [lines.terms(code).deduplicates for code in ("54", "77", "25")] == [False, True, True]
