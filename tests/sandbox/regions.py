"""A region as a running program, and the cabinet's accounts service as that region sees it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2, billing_pb2_grpc, ordering_pb2_grpc

from sandbox.region.assembly import assemble
from sandbox.region.config import Settings
from tests.sandbox.feed_receiver import FeedReceiver
from tests.sandbox.programs import Program
from tests.support.ports import free_port

ADVANCE, CREDIT = "5400200001", "5400200002"
AMOUNT = money_pb2.Money(amount_minor=45_000, currency="RUB")


class Cabinet:
    """The accounts service as a region sees it: its calls, its credential."""

    def __init__(self, *, address: str, key: OKPKey, clock: Path) -> None:
        self._clock = clock
        self._channel: grpc.Channel = grpc.insecure_channel(address)
        self.billing = billing_pb2_grpc.RegionalBillingServiceStub(self._channel)
        self.ordering = ordering_pb2_grpc.RegionalOrderingServiceStub(self._channel)
        self._key = key

    def call(self, method: Any, request: Any, *, audience: str = "region:54", issuer: str = "accounts") -> Any:
        ends = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()) + int(self._clock.read_text())
        claims = {"iss": issuer, "aud": audience, "exp": ends}
        token = jwt.encode({"alg": "Ed25519", "kid": "accounts"}, claims, self._key, algorithms=["Ed25519"])
        return method(request, timeout=30, metadata=(("authorization", f"Bearer {token}"),), wait_for_ready=True)

    def ask_for_code(self, number: str, *, claimant: str = "anna") -> int:
        """Have a code sent; return for how many seconds it is good."""
        request = billing_pb2.SendOwnershipCodeRequest(number=number, claimant=claimant)
        return int(self.call(self.billing.SendOwnershipCode, request).valid_for_s)

    def redeems(self, number: str, code: str, *, claimant: str = "anna") -> bool:
        """Give a code; return whether it was right."""
        request = billing_pb2.VerifyOwnershipRequest(number=number, claimant=claimant)
        request.proof.kind, request.proof.value = "contact_code", code
        return bool(self.call(self.billing.VerifyOwnership, request).verified)

    def balance(self, number: str) -> int:
        answer = self.call(self.billing.GetAccount, billing_pb2.GetAccountRequest(number=number))
        return int(answer.balance.amount_minor)

    def post(self, payment_id: str, number: str = ADVANCE, amount: money_pb2.Money = AMOUNT) -> Any:
        request = billing_pb2.PostPaymentRequest(payment_id=payment_id, number=number, amount=amount)
        return self.call(self.billing.PostPayment, request).posting

    def close(self) -> None:
        self._channel.close()


class Region:
    """A running region with its back office."""

    def __init__(self, *, folder: Path, feed: FeedReceiver, **settings: str) -> None:
        self.clock = folder / "clock"
        self.clock.write_text("0")
        self.key = OKPKey.generate_key("Ed25519", {"kid": "accounts"})
        own = OKPKey.generate_key("Ed25519", {"kid": "region:54"})
        (folder / "region.json").write_text(json.dumps(own.as_dict(private=True)))
        trust = KeySet.import_key_set({"keys": [self.key.as_dict(private=False)]})
        (folder / "trust.json").write_text(json.dumps(trust.as_dict(private=False)))
        self.address = f"127.0.0.1:{free_port()}"
        control = f"127.0.0.1:{free_port()}"
        self.program = Program(
            module="sandbox.region",
            arguments=("--region", "54"),
            base_url=f"http://{control}",
            log_file=folder / "region.log",
            environment={
                "REGION_LISTEN": self.address,
                "REGION_CONTROL_LISTEN": control,
                "REGION_DATABASE": str(folder / "region.sqlite3"),
                "REGION_KEY_FILE": str(folder / "region.json"),
                "TRUST_FILE": str(folder / "trust.json"),
                "ACCOUNTS_ADDRESS": feed.address,
                "CLOCK_FILE": str(self.clock),
                **settings,
            },
        )

    def control(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        method = "GET" if body is None else "POST"
        return httpx.request(method, f"{self.program.base_url}/control/{path}", json=body, timeout=30)

    def arm(self, **script: Any) -> None:
        assert self.control("faults", script).status_code == 201

    def turn_on_profile(self, name: str) -> httpx.Response:
        return httpx.put(f"{self.program.base_url}/control/profile", json={"name": name}, timeout=30)

    def move_clock(self, **offset: float) -> None:
        """Set the clock of the region, and of the cabinet's tokens, that far ahead of the machine's."""
        self.clock.write_text(str(int(timedelta(**offset).total_seconds())))


class NearRegion:
    """A region within the test's own process: the same parts behind real gRPC, started in no time, without its feed."""

    def __init__(self, *, folder: Path) -> None:
        self.key = OKPKey.generate_key("Ed25519", {"kid": "accounts"})
        self.clock = folder / "clock"
        self.clock.write_text("0")
        (folder / "key.json").write_text(json.dumps(self.key.as_dict(private=True)))
        (folder / "trust.json").write_text(json.dumps(KeySet([self.key]).as_dict(private=False)))
        settings = Settings(
            region_database=folder / "region.sqlite3",
            region_key_file=folder / "key.json",
            trust_file=folder / "trust.json",
            accounts_address="127.0.0.1:1",
            clock_file=self.clock,
        )
        self._parts = assemble(settings, region="54")
        self._office = httpx.Client(transport=httpx.WSGITransport(app=self._parts.control), base_url="http://office")
        self.address = f"127.0.0.1:{self._parts.server.add_insecure_port('127.0.0.1:0')}"
        self._parts.server.start()
        self._parts.calendar.start()

    def control(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._office.post(f"/control/{path}", json=body)

    def move_clock(self, **offset: float) -> None:
        """Set the clock of the region, and of the cabinet's tokens, that far ahead of the machine's."""
        self.clock.write_text(str(int(timedelta(**offset).total_seconds())))

    def close(self) -> None:
        self._parts.server.stop(0).wait()
        self._parts.calendar.stop()
        self._office.close()


def reason_of(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    """Return the constant word of a refusal."""
    status = rpc_status.from_call(error.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)
