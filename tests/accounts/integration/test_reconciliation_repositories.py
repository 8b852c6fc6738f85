"""How comparisons of books and their incidents are kept, on dictionaries as on MongoDB."""

from datetime import date, datetime, timedelta
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
    Totals,
)
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.accounts.domain.reconciliation_ports import (
    CapturedPostings,
    IncidentRepository,
    OurBooks,
    ReconciliationRepository,
)
from services.chassis.errors import VersionConflict
from services.chassis.events import EventSchemas, decode, encode
from services.chassis.money import Money
from services.chassis.work import DueWork
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_answer, make_posting
from tests.accounts.fakes import FakePostings
from tests.accounts.reconciliation_fakes import FakeCapturedPostings, FakeIncidents, FakeOurBooks, FakeReconciliations
from tests.support.query_plans import query_plans

Document = dict[str, Any]
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

    @pytest.fixture
    def captured(
        self, postings: FakePostings | MongoPostingRepository, database: Database[Document]
    ) -> CapturedPostings:
        if isinstance(postings, FakePostings):
            return FakeCapturedPostings(postings)
        return MongoOurBooks(database, page_size=2)

    def test_reads_postings_in_any_state_by_when_the_money_was_taken(
        self, postings: FakePostings | MongoPostingRepository, captured: CapturedPostings
    ) -> None:
        moments = [_PERIOD.begins_at, A_MORNING, A_MORNING, A_MORNING, _PERIOD.ends_at - timedelta(milliseconds=1)]
        ours = [make_posting(now=moment) for moment in moments]
        outside = [
            make_posting(now=_PERIOD.begins_at - timedelta(milliseconds=1)),
            make_posting(now=_PERIOD.ends_at),
            make_posting(key=AccountKey("77", "1")),
        ]
        for posting in [*ours, *outside]:
            postings.save(posting)

        found = [posting.payment_id for posting in captured.captured("54", _PERIOD)]

        in_order = sorted(ours, key=lambda posting: (posting.captured_at, posting.payment_id))
        assert found == [posting.payment_id for posting in in_order]


def test_our_books_are_read_along_their_index(database: Database[Document]) -> None:
    postings = MongoPostingRepository(database, clock=SettableClock())
    postings.ensure_indexes()
    for _ in range(3):
        postings.save(_posted())

    with query_plans(database) as plans:
        first = MongoOurBooks(database).posted("54", _PERIOD, after=None, limit=1)
        MongoOurBooks(database).posted("54", _PERIOD, after=first[0], limit=1)
        assert len(list(MongoOurBooks(database).captured("54", _PERIOD))) == 3

    assert [plan.partition(",")[0] for plan in plans] == ["IXSCAN { region: 1"] * 3, plans


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
        assert list(days.newest_first("54")) == []
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
        assert (list(days.newest_first("54")), list(days.newest_first("77"))) == ([day], [])
        assert days.get("77", _DAY) is None
        with pytest.raises(VersionConflict):
            days.save(twin)

    def test_tells_a_region_s_from_the_latest_day_on(self, days: ReconciliationRepository) -> None:
        months = [("54", 10), ("54", 12), ("77", 12), ("54", 11)]
        rows = [
            Reconciliation.plan(
                region=region, day=date(2026, month, 9), time_zone="UTC", grace=timedelta(0), now=A_MORNING
            )
            for region, month in months
        ]
        for row in rows:
            days.save(row)

        assert list(days.newest_first("54")) == [rows[1], rows[3], rows[0]]


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
        assert [found.incident_id for found in incidents.all_open()] == [extra.incident_id]
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
