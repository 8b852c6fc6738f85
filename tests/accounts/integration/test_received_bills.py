"""The list of received bills: its order, its pages, and that no bill is read for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from pymongo.database import Database

from services.accounts.adapters.mongo_regional_bills import MongoRegionalBillRepository
from services.accounts.domain.ports import RegionalBillRepository
from services.accounts.domain.regional_bill import RegionalBill
from services.chassis.grpc_values import time_from_proto, time_to_proto
from tests.accounts.builders import A_MORNING, SettableClock, make_bill
from tests.accounts.fakes import FakeRegionalBills
from tests.accounts.integration.cabinet import Cabinet

Position = tuple[datetime | None, str]


@pytest.fixture
def real(database: Database[Any]) -> MongoRegionalBillRepository:
    repository = MongoRegionalBillRepository(database, clock=SettableClock())
    repository.ensure_indexes()
    return repository


@pytest.fixture(params=["fake", "mongo"])
def bills(request: pytest.FixtureRequest) -> RegionalBillRepository:
    if request.param == "fake":
        return FakeRegionalBills()
    repository: RegionalBillRepository = request.getfixturevalue("real")
    return repository


def _receive(bills: RegionalBillRepository, count: int) -> list[tuple[datetime, str]]:
    """Store bills, two of a moment, so that the id decides; return their positions in order."""
    positions = []
    for number in range(count):
        now = A_MORNING + timedelta(milliseconds=number // 2)
        bill = RegionalBill.receive(make_bill(bill_number=str(number)), now=now)
        bills.save_many([bill])
        positions.append((now, bill.regional_bill_id))
    return sorted(positions)


def test_lists_what_was_received_in_order_from_any_position(bills: RegionalBillRepository) -> None:
    positions = _receive(bills, 7)

    seen: list[tuple[datetime, str]] = []
    position: Position = (None, "")
    while page := bills.received_after(*position, limit=2):
        position = (page[-1].received_at, page[-1].regional_bill_id)
        seen += [(receipt.received_at, receipt.regional_bill_id) for receipt in page]

    assert seen == positions
    assert {receipt.region for receipt in bills.received_after(None, "", limit=100)} == {"54"}


def test_a_moment_without_an_id_includes_all_of_that_moment(bills: RegionalBillRepository) -> None:
    positions = _receive(bills, 6)

    found = bills.received_after(A_MORNING + timedelta(milliseconds=1), "", limit=100)

    assert [(receipt.received_at, receipt.regional_bill_id) for receipt in found] == positions[2:]


def test_the_index_alone_answers(real: MongoRegionalBillRepository, database: Database[Any]) -> None:
    positions = _receive(real, 20)
    database.command("profile", 2, filter={"command.find": "regional_bills"})
    try:
        real.received_after(*positions[9], limit=5)
    finally:
        database.command("profile", 0)

    (seen,) = database["system.profile"].find({"command.find": "regional_bills"})
    assert seen["docsExamined"] == 0
    assert seen["keysExamined"] <= 8
    assert not seen.get("hasSortStage", False)


def test_is_told_to_documents_page_by_page(cabinet: Cabinet, real: MongoRegionalBillRepository) -> None:
    positions = _receive(real, 3)
    documents = cabinet.by_service("documents")

    first = documents.accounts("ListRegionalBills", pb.ListRegionalBillsRequest(page_size=2)).regional_bills
    rest = documents.accounts(
        "ListRegionalBills",
        pb.ListRegionalBillsRequest(
            received_after=time_to_proto(positions[1][0]), after_regional_bill_id=positions[1][1]
        ),
    ).regional_bills

    told = [(time_from_proto(one.received_at), one.regional_bill_id) for one in [*first, *rest]]
    assert told == positions
    assert {one.region for one in [*first, *rest]} == {"54"}
