"""What subscribers and regions say to documents in its tests, and what they get back."""

import re
from typing import Any

import pytest
from kabinet.documents.v1 import documents_pb2 as pb

from services.chassis.clock import SystemClock
from services.chassis.grpc_errors import RemoteError
from services.documents.adapters.mongo_customer_bills import MongoCustomerBillRepository
from services.documents.application.advance_customer_bill import RecordRegionalBill
from tests.documents.builders import make_content
from tests.documents.conftest import World
from tests.support import eventually

MARIA, IVAN = "sub_" + "1" * 32, "sub_" + "2" * 32
HERS, HIS = "acc_" + "1" * 32, "acc_" + "2" * 32
REGIONAL_BILL_ID = "rbl_" + "1" * 32


def consent(world: World, *, email: str = "maria@example.com", **changes: Any) -> pb.BillDelivery:
    fields = {
        "billing_account_id": HERS,
        "email": email,
        "consent_version": "2026-01",
        "channel": "web",
        "language": "ru",
    }
    answer = world.ask(world.stub.SetBillDelivery, pb.SetBillDeliveryRequest(**fields | changes), subscriber=MARIA)
    delivery: pb.BillDelivery = answer.bill_delivery
    return delivery


def delivery_of(world: World) -> pb.BillDelivery:
    request = pb.GetBillDeliveryRequest(billing_account_id=HERS, language="ru")
    delivery: pb.BillDelivery = world.ask(world.stub.GetBillDelivery, request, subscriber=MARIA).bill_delivery
    return delivery


def text_of(message: Any) -> str:
    return str(message.get_body(("plain",)).get_content())


def prove_address(world: World) -> str:
    """Follow the link in the last mail and return its token."""
    message = eventually(lambda: world.mail.messages[-1] if world.mail.messages else None, timeout_s=60)
    found = re.search(r"https://kabinet\.example/bill-delivery-confirmations/(\S+)", text_of(message))
    assert found
    world.ask(world.stub.ConfirmBillDelivery, pb.ConfirmBillDeliveryRequest(token=found[1]))
    return found[1]


def issue_bill(world: World, *, regional_bill_id: str = REGIONAL_BILL_ID, **changes: Any) -> None:
    world.accounts.bills[regional_bill_id] = make_content(**changes)
    bills = MongoCustomerBillRepository(world.database, clock=SystemClock(), owner="test")
    RecordRegionalBill(bills=bills, clock=SystemClock())(regional_bill_id=regional_bill_id, region="54")


def bills_of(world: World, subscriber: str = MARIA, account: str = "", **paging: Any) -> pb.ListCustomerBillsResponse:
    request = pb.ListCustomerBillsRequest(billing_account_id=account, **paging)
    answer: pb.ListCustomerBillsResponse = world.ask(world.stub.ListCustomerBills, request, subscriber=subscriber)
    return answer


def download(world: World, bill_id: str, *, subscriber: str = MARIA) -> list[bytes]:
    request = pb.DownloadCustomerBillRequest(customer_bill_id=bill_id)
    token = world.neighbourhood.access_token(subscriber)
    return [
        piece.chunk
        for piece in world.remote.stream(world.stub.DownloadCustomerBill, request, cap_s=30, access_token=token)
    ]


def archived_bill(world: World, *, mailed: bool = False) -> pb.CustomerBill:
    def ready() -> pb.CustomerBill | None:
        found = bills_of(world).customer_bills
        good = found and found[0].state == pb.CUSTOMER_BILL_STATE_ARCHIVED
        return found[0] if good and (found[0].HasField("mailed_at") or not mailed) else None

    return eventually(ready, timeout_s=60)


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(RemoteError) as caught:
        call()
    return caught.value.kind.name, caught.value.reason
