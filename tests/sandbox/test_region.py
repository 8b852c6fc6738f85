"""The reference region through its real gRPC contract, its back office and a real feed receiver."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from kabinet.regional.v1 import billing_pb2, billing_pb2_grpc

from tests.sandbox.feed_receiver import FeedReceiver
from tests.sandbox.programs import Program, free_port
from tests.support import eventually

_ADVANCE, _CREDIT = "5400200001", "5400200002"
_AMOUNT = money_pb2.Money(amount_minor=45_000, currency="RUB")


class Cabinet:
    """The accounts service as a region sees it: its calls, its credential."""

    def __init__(self, *, address: str, key: OKPKey) -> None:
        self._channel: grpc.Channel = grpc.insecure_channel(address)
        self.billing = billing_pb2_grpc.RegionalBillingServiceStub(self._channel)
        self._key = key

    def call(self, method: Any, request: Any, *, audience: str = "region:54", issuer: str = "accounts") -> Any:
        ends = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp())
        claims = {"iss": issuer, "aud": audience, "exp": ends}
        token = jwt.encode({"alg": "Ed25519", "kid": "accounts"}, claims, self._key, algorithms=["Ed25519"])
        return method(request, timeout=5, metadata=(("authorization", f"Bearer {token}"),), wait_for_ready=True)

    def balance(self, number: str) -> int:
        answer = self.call(self.billing.GetAccount, billing_pb2.GetAccountRequest(number=number))
        return int(answer.balance.amount_minor)

    def post(self, payment_id: str, number: str = _ADVANCE, amount: money_pb2.Money = _AMOUNT) -> Any:
        request = billing_pb2.PostPaymentRequest(payment_id=payment_id, number=number, amount=amount)
        return self.call(self.billing.PostPayment, request).posting

    def close(self) -> None:
        self._channel.close()


class Region:
    """A running region with its back office."""

    def __init__(self, *, folder: Path, feed: FeedReceiver) -> None:
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
            },
        )

    def control(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        method = "GET" if body is None else "POST"
        return httpx.request(method, f"{self.program.base_url}/control/{path}", json=body, timeout=5)

    def arm(self, **script: Any) -> None:
        assert self.control("faults", script).status_code == 201


@pytest.fixture
def feed() -> Iterator[FeedReceiver]:
    receiver = FeedReceiver()
    yield receiver
    receiver.close()


@pytest.fixture
def region(tmp_path: Path, feed: FeedReceiver) -> Iterator[Region]:
    region = Region(folder=tmp_path, feed=feed)
    region.program.start()
    yield region
    region.program.stop()


@pytest.fixture
def cabinet(region: Region) -> Iterator[Cabinet]:
    cabinet = Cabinet(address=region.address, key=region.key)
    yield cabinet
    cabinet.close()


def _reason(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    status = rpc_status.from_call(error.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


def test_answers_a_wrong_number_and_a_wrong_proof_alike(cabinet: Cabinet) -> None:
    def verified(number: str, value: str) -> bool:
        request = billing_pb2.VerifyOwnershipRequest(number=number)
        request.proof.kind, request.proof.value = "contract_code", value
        return bool(cabinet.call(cabinet.billing.VerifyOwnership, request).verified)

    answers = [verified(_ADVANCE, "1207-NSK"), verified(_ADVANCE, "0000-NSK"), verified("5499999999", "1207-NSK")]

    assert answers == [True, False, False]


def test_credits_a_payment_once_however_often_it_is_posted(cabinet: Cabinet) -> None:
    before = cabinet.balance(_ADVANCE)

    with ThreadPoolExecutor(8) as pool:
        postings = list(pool.map(lambda _: cabinet.post("pay_1"), range(20)))

    assert all(posting == postings[0] for posting in postings)
    assert cabinet.balance(_ADVANCE) == before + 45_000


def test_refuses_a_payment_id_with_another_sum_and_credits_nothing(cabinet: Cabinet) -> None:
    cabinet.post("pay_1")
    before = cabinet.balance(_ADVANCE)

    with pytest.raises(grpc.RpcError) as error:
        cabinet.post("pay_1", amount=money_pb2.Money(amount_minor=1, currency="RUB"))

    assert _reason(error) == "PAYMENT_ID_REUSED"
    assert cabinet.balance(_ADVANCE) == before


def test_refuses_a_closed_account_for_good(region: Region, cabinet: Cabinet) -> None:
    region.control(f"accounts/{_ADVANCE}/closing", {})

    with pytest.raises(grpc.RpcError) as error:
        cabinet.post("pay_1")

    assert _reason(error) == "ACCOUNT_CLOSED"


def test_suspends_an_overdrawn_advance_account_and_restores_it_by_the_payment(region: Region, cabinet: Cabinet) -> None:
    region.control(f"accounts/{_ADVANCE}/charges", {"charge_id": "fee", "amount_minor": 20_000})
    suspended = cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=_ADVANCE)).services

    posting = cabinet.post("pay_1")

    assert {service.state for service in suspended} == {billing_pb2.SERVICE_STATE_SUSPENDED}
    assert posting.HasField("service_restored_at")
    assert not cabinet.post("pay_2").HasField("service_restored_at")


def test_bills_an_order_only_when_the_advance_covers_it(cabinet: Cabinet) -> None:
    def order(charge_id: str, amount_minor: int) -> Any:
        amount = money_pb2.Money(amount_minor=amount_minor, currency="RUB")
        request = billing_pb2.PlaceChargeRequest(
            charge_id=charge_id, number=_ADVANCE, amount=amount, description="Кино"
        )
        return cabinet.call(cabinet.billing.PlaceCharge, request)

    billed = order("ord_1", 14_900)
    with pytest.raises(grpc.RpcError) as error:
        order("ord_2", 14_900)

    assert billed.balance_after.amount_minor == 100
    assert order("ord_1", 14_900) == billed
    assert _reason(error) == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("wrong", [{"audience": "region:77"}, {"issuer": "payments"}])
def test_answers_nobody_but_the_cabinet_speaking_to_it(cabinet: Cabinet, wrong: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError) as error:
        cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=_ADVANCE), **wrong)

    assert _reason(error) == "CREDENTIALS_MISSING"


def test_pages_charges_newest_first_without_gaps(cabinet: Cabinet) -> None:
    def page(token: str) -> Any:
        request = billing_pb2.ListChargesRequest(number=_ADVANCE, page_size=2, page_token=token)
        return cabinet.call(cabinet.billing.ListCharges, request)

    first = page("")
    second = page(first.next_page_token)

    times = [charge.charged_at.ToDatetime() for charge in [*first.charges, *second.charges]]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)
    assert second.next_page_token == ""


def test_tells_balances_and_bills_until_the_cabinet_has_them(
    region: Region, cabinet: Cabinet, feed: FeedReceiver
) -> None:
    eventually(lambda: feed.balances)
    feed.refusing = True
    cabinet.post("pay_1")
    month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    issued = region.control(f"accounts/{_CREDIT}/bills", {"month": month}).json()
    region.program.kill()
    feed.refusing = False

    region.program.start()

    eventually(lambda: feed.bills)
    bill = feed.bills[0]
    assert bill.bill_number == issued["bill_number"]
    total = sum(line.amount.amount_minor for line in bill.lines)
    closing = bill.opening_balance.amount_minor - total + bill.payments_received.amount_minor
    assert bill.amount_due.amount_minor == max(0, -closing)
    assert feed.balances[-1].number == _ADVANCE


def test_tells_again_what_the_cabinet_has_not_taken(region: Region, cabinet: Cabinet, feed: FeedReceiver) -> None:
    feed.takes_at_once = 1
    for number in range(5):
        cabinet.post(f"pay_{number}")
    balance = cabinet.balance(_ADVANCE)

    eventually(lambda: feed.balances and feed.balances[-1].balance.amount_minor == balance)

    told = [record.balance.amount_minor for record in feed.balances if record.number == _ADVANCE]
    assert told[-5:] == [balance - 45_000 * left for left in range(4, -1, -1)]


def test_loses_nothing_that_it_answered_when_it_is_killed(region: Region, cabinet: Cabinet) -> None:
    posting = cabinet.post("pay_1")
    region.program.kill()

    region.program.start()

    request = billing_pb2.GetPostingRequest(payment_id="pay_1")
    assert cabinet.call(cabinet.billing.GetPosting, request).posting == posting


def test_fails_after_applying_when_the_script_says_so(region: Region, cabinet: Cabinet) -> None:
    region.arm(fault="error_after", method="PostPayment", key="pay_1")

    with pytest.raises(grpc.RpcError):
        cabinet.post("pay_1")

    request = billing_pb2.GetPostingRequest(payment_id="pay_1")
    assert cabinet.call(cabinet.billing.GetPosting, request).posting.amount == _AMOUNT


def test_refuses_an_unknown_fault_script(region: Region) -> None:
    assert region.control("faults", {"fault": "sloww_ms:1"}).status_code == 400
