"""Bills that documents was never told of, on real servers: found in accounts' list, and mailed like all others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.documents.v1 import documents_pb2 as pb
from pymongo.database import Database

from services.chassis.grpc_values import time_to_proto
from services.documents.adapters.mongo_receipt_cursor import MongoReceiptCursor
from services.documents.domain.ports import ReceiptCursor
from tests.documents.builders import A_MORNING, NOVOSIBIRSK, make_content
from tests.documents.conftest import World
from tests.documents.conversation import HERS, MARIA, bills_of, consent, prove_address
from tests.documents.fakes import FakeReceiptCursor
from tests.support import eventually


def _receive_untold(world: World, regional_bill_id: str, at: datetime, *, bill_number: str) -> None:
    """Let accounts receive a bill whose event is purged with its queue."""
    world.accounts.bills[regional_bill_id] = make_content(bill_number=bill_number)
    world.accounts.receipts.append(
        accounts_pb2.RegionalBillReference(
            regional_bill_id=regional_bill_id, region=NOVOSIBIRSK.region, received_at=time_to_proto(at)
        )
    )


def _mailed(world: World) -> set[str]:
    return {
        bill.bill_number
        for bill in bills_of(world).customer_bills
        if bill.HasField("mailed_at") and bill.state == pb.CUSTOMER_BILL_STATE_ARCHIVED
    }


@pytest.mark.usefixtures("dispatcher")
def test_a_bill_whose_event_was_purged_reaches_the_mailbox_also_when_it_lies_before_the_saved_place(
    world: World,
) -> None:
    world.accounts.links[MARIA, HERS] = (NOVOSIBIRSK.region, NOVOSIBIRSK.number)
    consent(world)
    prove_address(world)
    now = datetime.now(UTC)

    _receive_untold(world, "rbl_later", now, bill_number="later")
    eventually(lambda: _mailed(world) == {"later"}, timeout_s=60)
    _receive_untold(world, "rbl_earlier", now - timedelta(minutes=9), bill_number="earlier")
    eventually(lambda: _mailed(world) == {"later", "earlier"}, timeout_s=60)

    letters = [message for message in world.mail.messages if list(message.iter_attachments())]
    assert len(letters) == 2
    assert world.database["customer_bills"].count_documents({}) == 2


@pytest.fixture(params=["fake", "mongo"])
def cursor(request: pytest.FixtureRequest) -> ReceiptCursor:
    if request.param == "fake":
        return FakeReceiptCursor()
    database: Database[Any] = request.getfixturevalue("database")
    return MongoReceiptCursor(database)


def test_the_saved_place_moves_forward_only(cursor: ReceiptCursor) -> None:
    assert cursor.get() is None

    cursor.advance(A_MORNING)
    cursor.advance(A_MORNING - timedelta(seconds=1))
    assert cursor.get() == A_MORNING

    cursor.advance(A_MORNING + timedelta(seconds=1))
    assert cursor.get() == A_MORNING + timedelta(seconds=1)
