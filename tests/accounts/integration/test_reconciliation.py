"""Comparing books with the reference region: by the dispatcher and by an operator; and how MongoDB keeps it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_postings import MongoOurBooks, MongoPostingRepository
from services.accounts.adapters.mongo_reconciliations import (
    MongoIncidentRepository,
    MongoReconciliationQueue,
    MongoReconciliationRepository,
    reconciliations_of,
)
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.posting import Posting
from services.accounts.domain.reconciliation import (
    BookedPayment,
    Difference,
    DifferenceKind,
    Period,
    Reconciliation,
    ReconciliationState,
    Totals,
)
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.accounts.domain.reconciliation_ports import IncidentRepository, OurBooks, ReconciliationRepository
from services.chassis.errors import VersionConflict
from services.chassis.events import EventSchemas, decode, encode
from services.chassis.ids import new_id
from services.chassis.money import Money
from services.chassis.work import DueWork
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_answer, make_posting
from tests.accounts.fakes import FakePostings
from tests.accounts.integration.cabinet import Cabinet, posting_request
from tests.accounts.reconciliation_fakes import FakeIncidents, FakeOurBooks, FakeReconciliations
from tests.conformance.region_server import RunningRegion, start_region
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood

Document = dict[str, Any]
_ROOT = Path(__file__).parents[3]
_DAY = date(2026, 11, 22)
_PERIOD = Period.of(_DAY, time_zone="UTC")


@pytest.fixture(params=["fake", "mongo"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _posted(*, key: AccountKey = KEY, at: datetime = A_MORNING, kopecks: int = 100) -> Posting:
    posting = make_posting(key=key, kopecks=kopecks)
    posting.confirm(make_answer(posting, at=at), now=at)
    return posting


class TestOurBooks:
    """What is posted, on a dictionary and on MongoDB."""

    @pytest.fixture
    def postings(self, kind: str, database: Database[Document]) -> FakePostings | MongoPostingRepository:
        if kind == "fake":
            return FakePostings(SettableClock())
        repository = MongoPostingRepository(database, clock=SettableClock())
        repository.ensure_indexes()
        return repository

    @pytest.fixture
    def books(self, postings: FakePostings | MongoPostingRepository, database: Database[Document]) -> OurBooks:
        return FakeOurBooks(postings) if isinstance(postings, FakePostings) else MongoOurBooks(database)

    def test_pages_through_what_a_region_posted_in_a_period_in_the_order_of_time(
        self, postings: FakePostings | MongoPostingRepository, books: OurBooks
    ) -> None:
        moments = [_PERIOD.begins_at, A_MORNING, A_MORNING, _PERIOD.ends_at - timedelta(milliseconds=1)]
        ours = [_posted(at=moment, kopecks=number + 1) for number, moment in enumerate(moments)]
        outside = [
            _posted(at=_PERIOD.begins_at - timedelta(milliseconds=1)),
            _posted(at=_PERIOD.ends_at),
            _posted(key=AccountKey("77", "1")),
            make_posting(),
        ]
        for posting in [*ours, *outside]:
            postings.save(posting)

        found: list[BookedPayment] = []
        last = None
        while page := books.posted("54", _PERIOD, after=last, limit=3):
            found += page
            last = page[-1]

        in_order = sorted(ours, key=lambda posting: (posting.posted_at, posting.payment_id))
        assert [(row.payment_id, row.amount) for row in found] == [(row.payment_id, row.amount) for row in in_order]


class TestReconciliations:
    """Comparisons, on a dictionary and on MongoDB."""

    @pytest.fixture
    def days(self, kind: str, database: Database[Document]) -> ReconciliationRepository:
        if kind == "fake":
            return FakeReconciliations(SettableClock())
        repository = MongoReconciliationRepository(database)
        repository.ensure_indexes()
        return repository

    def test_keeps_every_field_and_one_comparison_per_region_and_day(self, days: ReconciliationRepository) -> None:
        day = Reconciliation.plan(region="54", day=_DAY, time_zone="UTC", grace=timedelta(0), now=A_MORNING)
        twin = Reconciliation.plan(region="54", day=_DAY, time_zone="UTC", grace=timedelta(0), now=A_MORNING)
        assert not days.has_any("54")
        days.save(day)
        (row,) = FakeOurBooks(_with(_posted())).posted("54", _PERIOD, after=None, limit=1)
        day.go_on([row], pause=timedelta(seconds=1), now=A_MORNING)
        days.save(day)
        assert days.get("54", _DAY) == day
        day.finish(
            ours=Totals(2**40, Money(2**62)),
            theirs=Totals(1, Money(1)),
            open_incidents=3,
            again_after=timedelta(hours=6),
            now=A_MORNING,
        )
        days.save(day)

        assert days.get("54", _DAY) == day
        assert (days.has_any("54"), days.has_any("77"), days.get("77", _DAY)) == (True, False, None)
        with pytest.raises(VersionConflict):
            days.save(twin)


class TestIncidents:
    """Incidents, on a dictionary and on MongoDB."""

    @pytest.fixture
    def incidents(self, kind: str, database: Database[Document]) -> IncidentRepository:
        if kind == "fake":
            return FakeIncidents()
        repository = MongoIncidentRepository(database, clock=SettableClock())
        repository.ensure_indexes()
        return repository

    def test_keeps_every_field_and_finds_those_of_a_day(self, incidents: IncidentRepository) -> None:
        lost = _incident(DifferenceKind.MISSING_IN_REGION, ours=Money(100), theirs=None)
        extra = _incident(DifferenceKind.MISSING_HERE, ours=None, theirs=Money(2**62))
        for incident in (lost, extra):
            incidents.save(incident)
        lost.close(now=A_MORNING)
        incidents.save(lost)

        assert incidents.get(lost.incident_id) == lost
        assert {found.incident_id for found in incidents.of_day("54", _DAY)} == {lost.incident_id, extra.incident_id}
        assert incidents.of_day("54", _DAY + timedelta(days=1)) == []
        with pytest.raises(VersionConflict):
            incidents.save(_incident(DifferenceKind.MISSING_HERE, ours=None, theirs=Money(1)))


def _with(posting: Posting) -> FakePostings:
    postings = FakePostings(SettableClock())
    postings.save(posting)
    return postings


def _incident(kind: DifferenceKind, *, ours: Money | None, theirs: Money | None) -> ReconciliationIncident:
    difference = Difference(payment_id="pay_" + "1" * 32, kind=kind, ours=ours, theirs=theirs)
    return ReconciliationIncident.open(difference, region="54", day=_DAY, posting_state="posted", run=1, now=A_MORNING)


def test_what_is_announced_keeps_to_its_contract(database: Database[Document]) -> None:
    incidents = MongoIncidentRepository(database, clock=SettableClock())
    incidents.save(_incident(DifferenceKind.MISSING_IN_REGION, ours=Money(100), theirs=None))

    (document,) = database["reconciliation_incidents"].find()

    (entry,) = document["outbox"]
    envelope = decode(encode(entry))
    EventSchemas().check(envelope)
    assert envelope.data.keys() == {"incident_id", "region", "day", "payment_id", "kind", "ours", "opened_at"}


def test_a_day_is_claimed_by_one_at_a_time(database: Database[Document]) -> None:
    clock = SettableClock()
    days = MongoReconciliationRepository(database)
    days.save(Reconciliation.plan(region="54", day=_DAY, time_zone="UTC", grace=timedelta(0), now=A_MORNING))
    queues = [
        MongoReconciliationQueue(DueWork(reconciliations_of(database), owner=owner, clock=clock))
        for owner in ("one", "two")
    ]
    assert queues[0].claim() is None
    clock.advance(days=1)

    claimed = [queue.claim() for queue in queues]

    assert [day and day.day for day in claimed] == [_DAY, None]


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[RunningRegion]:
    """The reference region, which trusts a key of its own making."""
    folder = tmp_path / "region"
    folder.mkdir()
    running = start_region(folder, bugs={})
    yield running
    running.server.stop(0).wait()


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "clock"
    file.write_text("0")
    return file


@pytest.fixture
def office(
    neighbourhood: Neighbourhood,
    reference: RunningRegion,
    mongo_url: str,
    database: Database[Document],
    amqp_url: str,
    clock_file: Path,
) -> Iterator[Cabinet]:
    """The cabinet with the reference region as region 54, its dispatcher at work."""
    neighbourhood.key_file("accounts").write_bytes(reference.key_file.read_bytes())
    subject = Cabinet(
        neighbourhood,
        mongo_url,
        database.name,
        amqp_url=amqp_url,
        region_address=reference.target.endpoint,
        overrides={"clock_file": clock_file, "reconcile_grace_s": 0, "reconcile_again_s": 600},
    )
    subject.start()
    subject.start_dispatcher()
    yield subject
    subject.stop()


def _pay(office: Cabinet, database: Database[Document], account_id: str, *, kopecks: int) -> str:
    payment_id = new_id("pay")
    office.by_service("payments").accounts("RequestPosting", posting_request(payment_id, account_id, kopecks=kopecks))
    eventually(lambda: database["postings"].find_one({"_id": payment_id, "state": "posted"}))
    return payment_id


def _operator(office: Cabinet, *arguments: str) -> tuple[int, Any]:
    """Run the command as an operator would, with nothing but its settings."""
    settings = office.settings()
    environment = {
        "MONGO_URL": settings.mongo_url,
        "MONGO_DATABASE": settings.mongo_database,
        "AMQP_URL": settings.amqp_url,
        "SERVICE_KEY_FILE": str(settings.service_key_file),
        "TRUST_FILE": str(settings.trust_file),
        "REGION_ENDPOINTS": settings.region_endpoints,
        "CLOCK_FILE": str(settings.clock_file),
        "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "protos" / "gen" / "python")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.accounts", "reconcile", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_the_dispatcher_compares_the_day_when_it_is_over_and_an_operator_reads_what_came_of_it(
    office: Cabinet, database: Database[Document], clock_file: Path
) -> None:
    account_id = office.linked().billing_account_id
    paid = [_pay(office, database, account_id, kopecks=kopecks) for kopecks in (100, 200)]
    lost = _posted(kopecks=400, at=datetime.now(UTC))
    MongoPostingRepository(database, clock=SettableClock()).save(lost)
    database["postings"].update_one({"_id": lost.payment_id}, {"$unset": {"outbox": 1}})
    today = database["reconciliations"].find_one()
    assert today is not None
    named = ("--region", "54", "--day", today["day"])
    assert _operator(office, *named, "--show") == (
        2,
        {"region": "54", "day": today["day"], "problem": "NOT_COMPARED_YET"},
    )
    assert _operator(office, *named)[1]["problem"] == "FIELD_INVALID"

    clock_file.write_text(str(int(timedelta(days=1).total_seconds())))

    done = eventually(lambda: database["reconciliations"].find_one({"_id": today["_id"], "state": "different"}))
    assert (done["ours"]["count"], done["theirs"]["count"], done["open_incidents"]) == (3, 2, 1)
    status, report = _operator(office, *named, "--show")
    assert (status, report["ours"]["amount"]["amount_minor"]) == (1, 700)
    assert [(row["payment_id"], row["kind"], row["state"]) for row in report["incidents"]] == [
        (lost.payment_id, "missing_in_region", "open")
    ]
    assert report["theirs"] == {"count": 2, "amount": {"amount_minor": 300, "currency": "RUB"}}
    assert len(paid) == 2

    database["postings"].delete_one({"_id": lost.payment_id})
    status, report = _operator(office, *named)
    assert (status, report["state"], report["run"]) == (0, ReconciliationState.EQUAL.value, 2)
    assert [row["state"] for row in report["incidents"]] == ["closed"]


def test_an_operator_is_told_of_a_region_that_there_is_not(office: Cabinet) -> None:
    status, answer = _operator(office, "--region", "99", "--day", "2026-01-01")

    assert (status, answer["problem"]) == (2, "REGION_NOT_FOUND")
