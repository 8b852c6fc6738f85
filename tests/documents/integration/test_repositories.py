"""One conformance class per port, run against the fake and MongoDB: what one promises, the other keeps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.documents.adapters.mongo_archive import MongoArchive
from services.documents.adapters.mongo_bill_deliveries import MongoBillDeliveryRepository
from services.documents.adapters.mongo_customer_bills import MongoCustomerBillRepository
from services.documents.adapters.mongo_mailings import MongoMailingRepository
from services.documents.domain.account import Account, Spell
from services.documents.domain.consent import EndCause
from services.documents.domain.ports import (
    Archive,
    BillDeliveryRepository,
    CustomerBillRepository,
    MailingRepository,
    StepFailed,
)
from tests.documents.builders import (
    A_MORNING,
    NOVOSIBIRSK,
    make_archived_bill,
    make_bill,
    make_content,
    make_delivery,
    make_mailing,
    make_recipient,
)
from tests.documents.fakes import (
    FakeArchive,
    FakeBillDeliveryRepository,
    FakeClock,
    FakeCustomerBillRepository,
    FakeMailingRepository,
)
from tests.support.query_plans import query_plans


@dataclass
class Subject:
    deliveries: BillDeliveryRepository
    bills: CustomerBillRepository
    mailings: MailingRepository
    archive: Archive
    clock: FakeClock


def on_fakes(_database: Callable[[], Database[Any]]) -> Subject:
    clock = FakeClock()
    return Subject(
        FakeBillDeliveryRepository(clock),
        FakeCustomerBillRepository(clock),
        FakeMailingRepository(clock),
        FakeArchive(),
        clock,
    )


def on_mongo(database: Callable[[], Database[Any]]) -> Subject:
    clock = FakeClock()
    deliveries = MongoBillDeliveryRepository(database(), clock=clock, owner="test")
    bills = MongoCustomerBillRepository(database(), clock=clock, owner="test")
    mailings = MongoMailingRepository(database(), clock=clock, owner="test")
    for repository in (deliveries, bills, mailings):
        repository.ensure_indexes()
        repository.ensure_indexes()
    return Subject(deliveries, bills, mailings, MongoArchive(database(), clock=clock), clock)


@pytest.fixture(params=[on_fakes, on_mongo])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    made = request.param(lambda: request.getfixturevalue("database"))
    yield made


def test_a_link_is_found_by_an_index(database: Database[Any]) -> None:
    deliveries = MongoBillDeliveryRepository(database, clock=FakeClock(), owner="a test")
    deliveries.ensure_indexes()
    deliveries.save(make_delivery(digit="2"))

    with query_plans(database) as plans:
        found = deliveries.of_confirmation("cnf_" + "2" * 32)

    assert found is not None
    assert plans and all(plan.startswith("IXSCAN") for plan in plans), plans


class TestBillDeliveryRepository:
    def test_returns_what_was_saved(self, subject: Subject) -> None:
        delivery = make_delivery(confirmed=True)
        delivery.end(cause=EndCause.WITHDRAWN, now=A_MORNING)

        subject.deliveries.save(delivery)

        assert subject.deliveries.get(make_recipient()) == delivery
        assert subject.deliveries.get(make_recipient("2")) is None

    def test_finds_a_delivery_by_its_link(self, subject: Subject) -> None:
        subject.deliveries.save(make_delivery(digit="1"))
        subject.deliveries.save(make_delivery(digit="2"))

        found = subject.deliveries.of_confirmation("cnf_" + "2" * 32)

        assert found is not None
        assert found.recipient == make_recipient("2")
        assert subject.deliveries.of_confirmation("cnf_unknown") is None

    def test_keeps_many_without_a_link(self, subject: Subject) -> None:
        for digit in "123":
            delivery = make_delivery(digit=digit)
            delivery.end(cause=EndCause.WITHDRAWN, now=A_MORNING)
            subject.deliveries.save(delivery)

        assert subject.deliveries.get(make_recipient("3")) is not None

    def test_lists_only_what_is_asked_for_that_account(self, subject: Subject) -> None:
        subject.deliveries.save(make_delivery(digit="1", confirmed=True))
        subject.deliveries.save(make_delivery(digit="2"))
        ended = make_delivery(digit="4", confirmed=True)
        ended.end(cause=EndCause.WITHDRAWN, now=A_MORNING)
        subject.deliveries.save(ended)
        elsewhere = Account(region="77", number=NOVOSIBIRSK.number)
        subject.deliveries.save(make_delivery(digit="3", confirmed=True, account=elsewhere))

        asked_for = subject.deliveries.asked_for([NOVOSIBIRSK])
        assert [one.recipient for one in asked_for] == [make_recipient("1"), make_recipient("2")]

    def test_lets_one_of_two_writers_win(self, subject: Subject) -> None:
        subject.deliveries.save(make_delivery())
        first, second = subject.deliveries.get(make_recipient()), subject.deliveries.get(make_recipient())
        assert first is not None and second is not None

        subject.deliveries.save(first)

        with pytest.raises(VersionConflict):
            subject.deliveries.save(second)
        with pytest.raises(VersionConflict):
            subject.deliveries.save(make_delivery())

    def test_hands_a_due_link_to_one_claimer(self, subject: Subject) -> None:
        subject.deliveries.save(make_delivery())

        claimed = subject.deliveries.claim_due()

        assert claimed is not None
        assert subject.deliveries.claim_due() is None
        subject.deliveries.save(claimed)
        assert subject.deliveries.claim_due() is not None


class TestCustomerBillRepository:
    def test_returns_what_was_saved(self, subject: Subject) -> None:
        bill = make_archived_bill()

        subject.bills.save(bill)

        assert subject.bills.get(bill.customer_bill_id) == bill
        assert bill.pending_events == []

    def test_keeps_one_bill_per_regional_bill(self, subject: Subject) -> None:
        first, second = make_bill(), make_bill()

        assert subject.bills.add(first)
        assert not subject.bills.add(second)
        assert subject.bills.get(second.customer_bill_id) is None

    def test_tells_which_regional_bills_are_known(self, subject: Subject) -> None:
        subject.bills.save(make_bill(regional_bill_id="rbl_1"))
        subject.bills.save(make_bill(regional_bill_id="rbl_2"))

        assert subject.bills.known(["rbl_2", "rbl_3"]) == {"rbl_2"}
        assert subject.bills.known([]) == set()

    def test_lists_an_account_newest_first_from_any_position(self, subject: Subject) -> None:
        bills = []
        for number in range(5):
            issued_at = A_MORNING + timedelta(days=number // 2)  # two of a kind, so that the id decides
            bill = make_bill(
                regional_bill_id=f"rbl_{number}", content=make_content(bill_number=str(number), issued_at=issued_at)
            )
            subject.bills.save(bill)
            bills.append((issued_at, bill.customer_bill_id))
        other = make_content(account=Account(region="54", number="other"))
        subject.bills.save(make_bill(regional_bill_id="rbl_other", content=other))
        subject.bills.save(make_bill(regional_bill_id="rbl_not_fetched"))
        bills.sort(reverse=True)

        first = subject.bills.of_spells([Spell(account=NOVOSIBIRSK)], limit=3, after=None)
        rest = subject.bills.of_spells([Spell(account=NOVOSIBIRSK)], limit=3, after=bills[2])

        assert [bill.customer_bill_id for bill in [*first, *rest]] == [key for _, key in bills]

    def test_hands_out_the_longest_due_first_and_nothing_before_its_time(self, subject: Subject) -> None:
        later, sooner = make_bill(regional_bill_id="rbl_later"), make_bill(regional_bill_id="rbl_sooner")
        later.due_at = A_MORNING + timedelta(minutes=2)
        sooner.due_at = A_MORNING + timedelta(minutes=1)
        subject.bills.save(later)
        subject.bills.save(sooner)

        assert subject.bills.claim_due() is None
        subject.clock.advance(minutes=2)
        claimed = [subject.bills.claim_due(), subject.bills.claim_due()]

        assert [bill.regional_bill_id for bill in claimed if bill] == ["rbl_sooner", "rbl_later"]


class TestMailingRepository:
    def test_returns_what_was_saved(self, subject: Subject) -> None:
        mailing = make_mailing()
        mailing.begin(recipients=(make_recipient("1"), make_recipient("2")), now=A_MORNING)
        mailing.sent(now=A_MORNING)

        subject.mailings.save(mailing)

        assert subject.mailings.get(mailing.mailing_id) == mailing

    def test_keeps_one_mailing_per_bill_revision_and_address(self, subject: Subject) -> None:
        sent = make_mailing()
        sent.begin(recipients=sent.recipients, now=A_MORNING)
        subject.mailings.save(sent)

        assert not subject.mailings.add(make_mailing())
        assert subject.mailings.add(make_mailing(email="other@example.com"))
        assert subject.mailings.get(sent.mailing_id) == sent

    def test_tells_when_bills_were_mailed_on_behalf_of_a_link(self, subject: Subject) -> None:
        for bill_id in ("bill_1", "bill_2"):
            mailing = make_mailing(customer_bill_id=bill_id)
            mailing.begin(recipients=mailing.recipients, now=A_MORNING)
            if bill_id == "bill_1":
                mailing.sent(now=A_MORNING)
            subject.mailings.save(mailing)
        ids = ["bill_1", "bill_2", "bill_3"]

        assert subject.mailings.mailed_at(ids, billing_account_ids=["acc_0", "acc_" + "1" * 32]) == {
            "bill_1": A_MORNING
        }
        assert subject.mailings.mailed_at(ids, billing_account_ids=["acc_" + "2" * 32]) == {}

    def test_fences_off_whoever_held_a_claim_before(self, subject: Subject) -> None:
        subject.mailings.save(make_mailing())
        before = subject.mailings.get(make_mailing().mailing_id)
        claimed = subject.mailings.claim_due()
        assert before is not None and claimed is not None

        with pytest.raises(VersionConflict):
            subject.mailings.save(before)
        subject.mailings.save(claimed)


class TestArchive:
    def test_returns_the_same_bytes(self, subject: Subject) -> None:
        content = bytes(range(256)) * 3000

        digest = subject.archive.put(content)

        assert digest == sha256(content).hexdigest()
        assert subject.archive.get(digest) == content

    def test_takes_the_same_content_twice(self, subject: Subject) -> None:
        assert subject.archive.put(b"%PDF") == subject.archive.put(b"%PDF")

    def test_says_that_it_lacks_a_pdf(self, subject: Subject) -> None:
        with pytest.raises(StepFailed):
            subject.archive.get("0" * 64)


def test_hands_out_no_damaged_pdf(database: Database[Any]) -> None:
    archive = MongoArchive(database, clock=FakeClock())
    digest = archive.put(b"%PDF")
    database["archive"].update_one({"_id": digest}, {"$set": {"content": b"%PDX"}})

    with pytest.raises(StepFailed):
        archive.get(digest)


def test_puts_the_event_beside_the_state(database: Database[Any]) -> None:
    bills = MongoCustomerBillRepository(database, clock=FakeClock(), owner="test")

    bills.save(make_archived_bill())

    stored = database["customer_bills"].find_one({})
    assert stored is not None
    assert [entry["name"] for entry in stored["outbox"]] == ["documents.customer_bill_archived.v1"]
    assert stored["outbox"][0]["data"]["pdf_sha256"] == "a" * 64
