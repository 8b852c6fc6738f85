"""The service on real servers: consent, proof of the address, bills from an event to the mailbox and the download."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kabinet.documents.v1 import documents_pb2 as pb

from services.chassis.clock import SystemClock
from services.chassis.events import encode
from services.chassis.money import Money
from services.chassis.publisher import OutgoingMessage, Publisher, exchange_of
from services.documents.adapters.mongo_customer_bills import MongoCustomerBillRepository
from services.documents.domain.bill_content import BillLine
from tests.documents.builders import NOVOSIBIRSK, make_content
from tests.documents.conftest import World
from tests.documents.conversation import (
    HERS,
    HIS,
    IVAN,
    MARIA,
    REGIONAL_BILL_ID,
    archived_bill,
    bills_of,
    consent,
    delivery_of,
    download,
    issue_bill,
    prove_address,
    refusal,
)
from tests.support import eventually
from tests.support.servers import Server


@pytest.fixture(autouse=True)
def _links(request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue("world")
    world.accounts.links[MARIA, HERS] = (NOVOSIBIRSK.region, NOVOSIBIRSK.number)
    world.accounts.links[IVAN, HIS] = ("77", "another")


@pytest.mark.usefixtures("dispatcher")
def test_brings_a_bill_from_consent_to_the_mailbox_and_the_same_bytes_to_every_download(world: World) -> None:
    assert delivery_of(world).state == pb.BILL_DELIVERY_STATE_OFF
    assert "бесплатна" in delivery_of(world).consent_text

    assert consent(world).state == pb.BILL_DELIVERY_STATE_AWAITING_CONFIRMATION
    token = prove_address(world)
    world.ask(world.stub.ConfirmBillDelivery, pb.ConfirmBillDeliveryRequest(token=token))
    assert delivery_of(world).state == pb.BILL_DELIVERY_STATE_ON
    issue_bill(world)
    bill = archived_bill(world, mailed=True)

    assert bill.amount_due.amount_minor == 82000
    assert bill.due_date == "2026-11-20"
    pdf = b"".join(download(world, bill.customer_bill_id))
    assert pdf == b"".join(download(world, bill.customer_bill_id))
    assert sha256(pdf).hexdigest() == bill.pdf_sha256
    (letter,) = [message for message in world.mail.messages if list(message.iter_attachments())]
    (attachment,) = letter.iter_attachments()
    assert attachment.get_content() == pdf
    assert attachment.get_filename() == "bill-54-2026-10-000123-2026-10.pdf"
    assert letter["To"] == "maria@example.com"
    assert "820,00" in str(letter["Subject"])
    assert world.mail.recipients == ["maria@example.com", "maria@example.com"]


@pytest.mark.usefixtures("dispatcher")
def test_mails_one_link_for_one_address_however_often_it_is_given(world: World) -> None:
    consent(world)
    prove = eventually(lambda: len(world.mail.messages) == 1, timeout_s=60)
    consent(world)
    consent(world)
    consent(world, email="maria@EXAMPLE.com")
    issue_bill(world)
    archived_bill(world)

    assert prove
    assert len(world.mail.messages) == 1


@pytest.mark.usefixtures("dispatcher")
def test_suspends_the_delivery_when_the_address_refuses_for_good(world: World) -> None:
    consent(world)
    prove_address(world)
    world.mail.script = ["refuse"]

    issue_bill(world)

    eventually(lambda: delivery_of(world).state == pb.BILL_DELIVERY_STATE_SUSPENDED, timeout_s=60)
    assert not bills_of(world).customer_bills[0].HasField("mailed_at")


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize(("answer", "state"), [("hang up", "uncertain"), ("451", "due"), ("554", "refused")])
def test_sends_the_body_once_whatever_the_server_answers_to_it(world: World, answer: str, state: str) -> None:
    consent(world)
    prove_address(world)
    world.mail.script = [answer]

    issue_bill(world)
    wanted = {"state": state, "tries": {"$gte": int(state == "due")}}
    eventually(lambda: world.database["mailings"].find_one(wanted), timeout_s=60)

    bodies = [message for message in world.mail.messages if list(message.iter_attachments())]
    assert len(bodies) == (1 if answer == "hang up" else 0)


@pytest.mark.usefixtures("dispatcher")
def test_stops_at_once_when_the_consent_is_withdrawn(world: World) -> None:
    consent(world)
    prove_address(world)
    request = pb.EndBillDeliveryRequest(billing_account_id=HERS)

    for _ in range(2):
        answer = world.ask(world.stub.EndBillDelivery, request, subscriber=MARIA)
    issue_bill(world)
    archived_bill(world)

    assert answer.bill_delivery.state == pb.BILL_DELIVERY_STATE_OFF
    assert answer.bill_delivery.email == ""
    assert len(world.mail.messages) == 1
    assert world.database["mailings"].count_documents({}) == 0


@pytest.mark.usefixtures("dispatcher")
def test_streams_a_large_bill_in_pieces(world: World) -> None:
    lines = tuple(BillLine(description=f"Услуга {'ё' * 300} {number}", amount=Money(1)) for number in range(1500))
    issue_bill(world, lines=lines)
    bill = archived_bill(world)

    pieces = download(world, bill.customer_bill_id)

    assert len(pieces) > 1
    assert max(len(piece) for piece in pieces) <= 256 * 1024
    assert sha256(b"".join(pieces)).hexdigest() == bill.pdf_sha256


@pytest.mark.usefixtures("dispatcher")
def test_shows_a_foreign_bill_exactly_as_an_absent_one(world: World) -> None:
    issue_bill(world)
    bill_id = archived_bill(world).customer_bill_id

    def get(bill: str, subscriber: str) -> Any:
        request = pb.GetCustomerBillRequest(customer_bill_id=bill)
        return refusal(lambda: world.ask(world.stub.GetCustomerBill, request, subscriber=subscriber))

    absent = get("bill_" + "0" * 32, MARIA)
    assert absent == ("NOT_FOUND", "CUSTOMER_BILL_NOT_FOUND")
    assert get(bill_id, IVAN) == absent
    assert refusal(lambda: download(world, bill_id, subscriber=IVAN)) == absent
    assert not bills_of(world, IVAN).customer_bills
    assert refusal(lambda: bills_of(world, IVAN, HERS)) == ("NOT_FOUND", "BILLING_ACCOUNT_NOT_FOUND")


def test_says_that_a_bill_is_still_being_made(world: World) -> None:
    issue_bill(world)
    bills = MongoCustomerBillRepository(world.database, clock=SystemClock(), owner="test")
    bill = bills.claim_due()
    assert bill is not None
    bill.learn(make_content(), now=SystemClock().now())
    bills.save(bill)

    (shown,) = bills_of(world).customer_bills

    assert shown.state == pb.CUSTOMER_BILL_STATE_RECEIVED
    assert not shown.HasField("amount_due")
    assert refusal(lambda: download(world, shown.customer_bill_id)) == (
        "FAILED_PRECONDITION",
        "CUSTOMER_BILL_NOT_READY",
    )


@pytest.mark.usefixtures("dispatcher")
def test_turns_pages_without_missing_or_repeating_a_bill(world: World) -> None:
    for number in range(5):
        issued_at = datetime(2026, 1 + number, 1, tzinfo=UTC)
        issue_bill(world, regional_bill_id=f"rbl_{number:032}", bill_number=str(number), issued_at=issued_at)
    eventually(lambda: len(bills_of(world).customer_bills) == 5, timeout_s=60)

    numbers, token = [], ""
    for _ in range(3):
        page = bills_of(world, page_size=2, page_token=token)
        numbers += [bill.bill_number for bill in page.customer_bills]
        token = page.next_page_token

    assert numbers == ["4", "3", "2", "1", "0"]
    assert token == ""


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"email": "nobody"}, ("INVALID", "EMAIL_INVALID")),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, ("INVALID", "EMAIL_INVALID")),
        ({"consent_version": "2014-07"}, ("INVALID", "CONSENT_MISSING")),
        ({"channel": "fax"}, ("INVALID", "FIELD_INVALID")),
        ({"language": "de"}, ("INVALID", "FIELD_INVALID")),
        ({"billing_account_id": HIS}, ("NOT_FOUND", "BILLING_ACCOUNT_NOT_FOUND")),
        ({"billing_account_id": '{"$ne": ""}'}, ("NOT_FOUND", "BILLING_ACCOUNT_NOT_FOUND")),
    ],
)
def test_refuses_what_is_not_consented_to_properly(
    world: World, changes: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert refusal(lambda: consent(world, **changes)) == refused
    assert world.database["bill_deliveries"].count_documents({}) == 0


def test_passes_on_that_the_proof_does_not_reach_far_enough(world: World) -> None:
    world.accounts.pay_only.add(HERS)

    assert refusal(lambda: consent(world)) == ("PERMISSION_DENIED", "ACTION_NOT_ALLOWED")


@pytest.mark.parametrize("token", ["", "AAAA", "A" * 43, "токен", "x" * 5000])
def test_knows_no_invented_confirmation(world: World, token: str) -> None:
    request = pb.ConfirmBillDeliveryRequest(token=token)

    assert refusal(lambda: world.ask(world.stub.ConfirmBillDelivery, request)) == (
        "NOT_FOUND",
        "CONFIRMATION_NOT_FOUND",
    )


@pytest.mark.parametrize("page_token", ["%", "W10", "WyJhIiwgImIiXQ"])
def test_knows_no_invented_page(world: World, page_token: str) -> None:
    assert refusal(lambda: bills_of(world, page_token=page_token)) == ("INVALID", "PAGE_TOKEN_INVALID")


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Server]:
    """The worker as a process of its own."""
    root = Path(__file__).parents[3]
    server = Server(
        [sys.executable, "-m", "services.documents", "worker"],
        log=tmp_path / "worker.log",
        environment={**world.environment, "PYTHONPATH": f"{root}{os.pathsep}{root / 'protos/gen/python'}"},
    )
    server.start()
    yield server
    server.stop()


def test_takes_in_bills_and_ended_links_from_the_broker(world: World, worker: Server, tmp_path: Path) -> None:
    consent(world)
    publisher = Publisher(world.environment["AMQP_URL"], exchange=exchange_of("accounts"))
    eventually(lambda: "worker_ready" in (tmp_path / "worker.log").read_text(), timeout_s=90)
    now = "2026-11-22T09:30:00.000Z"

    def publish(name: str, **data: str) -> None:
        entry = {
            "_id": f"evt_{name}",
            "name": name,
            "aggregate_id": "x",
            "occurred_at": datetime.now(UTC),
            "data": data,
        }
        message = OutgoingMessage(message_id=str(entry["_id"]), name=name, body=encode(entry))
        assert publisher.publish([message])

    def all_in() -> bool:
        """Say it all each time: what comes before the queue is bound is lost, what comes twice is known."""
        publish("accounts.regional_bill_received.v1", regional_bill_id=REGIONAL_BILL_ID, region="54", received_at=now)
        publish("accounts.billing_account_unlinked.v1", billing_account_id=HERS, subscriber_id=MARIA, unlinked_at=now)
        bills = world.database["customer_bills"].count_documents({"regional_bill_id": REGIONAL_BILL_ID})
        return bills == 1 and delivery_of(world).state == pb.BILL_DELIVERY_STATE_OFF

    eventually(all_in, timeout_s=90, every_s=0.3)
    publisher.close()

    assert worker.is_running()
