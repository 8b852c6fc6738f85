"""What regions send by themselves, over real gRPC with their own credentials."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.regional.v1 import feed_pb2
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_values import time_to_proto
from tests.accounts.integration.cabinet import ANNA, Cabinet, rub
from tests.accounts.integration.scripted_region import NUMBER


def _record(*, number: str = NUMBER, kopecks: int = 500, age_s: float = 0) -> feed_pb2.BalanceRecord:
    as_of = SystemClock().now() - timedelta(seconds=age_s)
    return feed_pb2.BalanceRecord(number=number, balance=rub(kopecks), as_of=time_to_proto(as_of))


def make_bill_message(**changes: Any) -> feed_pb2.RegionalBill:
    fields: dict[str, Any] = {
        "number": NUMBER,
        "bill_number": "54-2026-10",
        "revision": 1,
        "period_start": "2026-10-01",
        "period_end": "2026-10-31",
        "issued_at": {"seconds": 1_700_000_000},
        "due_date": "2026-11-20",
        "payer_name": "Иванов Пётр Сергеевич",
        "payer_address": "Новосибирск, Красный проспект, д. 50",
        "lines": [
            feed_pb2.BillLine(description="Интернет", amount=rub(750_00)),
            feed_pb2.BillLine(description="Скидка", amount=rub(-50_00)),
        ],
        "opening_balance": rub(100_00),
        "payments_received": rub(200_00),
        "amount_due": rub(400_00),
    }
    return feed_pb2.RegionalBill(**(fields | changes))


def _balance(cabinet: Cabinet) -> Any:
    request = pb.ListBillingAccountsRequest(refresh_within_ms=0)
    return cabinet.by(ANNA).accounts("ListBillingAccounts", request).billing_accounts[0].balance


def test_a_pushed_balance_is_shown_and_announced_once(cabinet: Cabinet, database: Database[dict[str, Any]]) -> None:
    account = cabinet.linked()
    region = cabinet.by_service("region:54")
    push = feed_pb2.PushBalancesRequest(
        records=[_record(kopecks=500, age_s=20), _record(kopecks=400, age_s=10), _record(kopecks=999, age_s=30)]
    )

    assert region.feed("PushBalances", push).accepted == 3
    assert region.feed("PushBalances", push).accepted == 3

    assert _balance(cabinet).value == rub(400)
    (snapshot,) = database["snapshots"].find()
    announced = [entry["data"] for entry in snapshot["outbox"]]
    assert [data["balance"]["amount_minor"] for data in announced] == [500, 400]
    assert {data["billing_account_id"] for data in announced} == {account.billing_account_id}


def test_news_of_an_account_that_nobody_linked_are_taken_and_shown_to_whoever_links_it(cabinet: Cabinet) -> None:
    push = feed_pb2.PushBalancesRequest(records=[_record(kopecks=321)])

    assert cabinet.by_service("region:54").feed("PushBalances", push).accepted == 1

    assert cabinet.linked().balance.value == rub(321)


def test_a_region_speaks_of_its_own_accounts_only(cabinet: Cabinet) -> None:
    cabinet.linked()
    push = feed_pb2.PushBalancesRequest(records=[_record(kopecks=1)])

    cabinet.by_service("region:77").feed("PushBalances", push)

    assert not _balance(cabinet).HasField("value")


@pytest.mark.parametrize(
    "record",
    [
        feed_pb2.BalanceRecord(),
        feed_pb2.BalanceRecord(number=NUMBER, balance=rub(1)),
        feed_pb2.BalanceRecord(number=NUMBER, as_of=Timestamp(seconds=1_700_000_000)),
        feed_pb2.BalanceRecord(number=NUMBER, balance=rub(1), as_of=Timestamp(seconds=9_000_000_000)),
        feed_pb2.BalanceRecord(number=NUMBER, balance=rub(1), as_of=Timestamp(seconds=2**62)),
    ],
)
def test_names_a_record_that_cannot_be_and_stores_nothing_of_its_batch(
    cabinet: Cabinet, database: Database[dict[str, Any]], record: feed_pb2.BalanceRecord
) -> None:
    with pytest.raises(RemoteError) as refused:
        cabinet.by_service("region:54").feed("PushBalances", feed_pb2.PushBalancesRequest(records=[_record(), record]))

    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID, "FEED_RECORD_INVALID")
    assert refused.value.metadata["position"] == "1"
    assert database["snapshots"].count_documents({}) == 0


def test_a_bill_is_stored_announced_and_handed_out_as_it_came(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    region = cabinet.by_service("region:54")
    for _ in range(2):
        assert region.feed("PushBills", feed_pb2.PushBillsRequest(bills=[make_bill_message()])).accepted == 1

    (document,) = database["regional_bills"].find()
    (entry,) = document["outbox"]
    bill = cabinet.by_service("documents").accounts(
        "GetRegionalBill", pb.GetRegionalBillRequest(regional_bill_id=entry["data"]["regional_bill_id"])
    )

    assert entry["name"] == "accounts.regional_bill_received.v1"
    assert (bill.region, bill.number, bill.bill_number, bill.revision) == ("54", NUMBER, "54-2026-10", 1)
    assert [(line.description, line.amount) for line in bill.lines] == [
        ("Интернет", rub(750_00)),
        ("Скидка", rub(-50_00)),
    ]
    assert (bill.amount_due, bill.due_date, bill.issued_at.seconds) == (rub(400_00), "2026-11-20", 1_700_000_000)


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"amount_due": rub(400_01)}, Kind.INVALID, "BILL_DOES_NOT_ADD_UP"),
        ({"due_date": "31.11.2026"}, Kind.INVALID, "FEED_RECORD_INVALID"),
        ({"period_end": "2026-09-30"}, Kind.INVALID, "FEED_RECORD_INVALID"),
        ({"revision": 0}, Kind.INVALID, "FEED_RECORD_INVALID"),
        ({"payer_name": "Петров"}, Kind.ALREADY_EXISTS, "BILL_REVISION_REUSED"),
    ],
)
def test_refuses_a_bill_that_cannot_stand_and_keeps_the_first_one(
    cabinet: Cabinet, database: Database[dict[str, Any]], change: dict[str, Any], kind: Kind, reason: str
) -> None:
    region = cabinet.by_service("region:54")
    region.feed("PushBills", feed_pb2.PushBillsRequest(bills=[make_bill_message()]))

    with pytest.raises(RemoteError) as refused:
        region.feed("PushBills", feed_pb2.PushBillsRequest(bills=[make_bill_message(**change)]))

    assert (refused.value.kind, refused.value.reason) == (kind, reason)
    (document,) = database["regional_bills"].find()
    assert document["payer_name"] == "Иванов Пётр Сергеевич"


def test_knows_no_other_bill(cabinet: Cabinet) -> None:
    with pytest.raises(RemoteError) as refused:
        cabinet.by_service("documents").accounts(
            "GetRegionalBill", pb.GetRegionalBillRequest(regional_bill_id="rbl_" + "0" * 32)
        )

    assert (refused.value.kind, refused.value.reason) == (Kind.NOT_FOUND, "REGIONAL_BILL_NOT_FOUND")
