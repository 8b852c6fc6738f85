"""How comparisons, incidents and our books by time are kept: in memory as in MongoDB."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import VersionConflict
from services.chassis.events import EventSchemas, decode, encode
from services.chassis.money import Money
from services.payments.adapters.mongo_own_books import MongoOwnBooks
from services.payments.adapters.mongo_payments import MongoPaymentRepository
from services.payments.adapters.storage import storage_in
from services.payments.domain.backoff import registry_backoff
from services.payments.domain.book_comparison import Difference, DifferenceKind
from services.payments.domain.payment import Payment, State
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.reconciliation_ports import IncidentRepository, OurBooks, ReconciliationRepository
from services.payments.domain.refund import Refund, RefundState
from services.payments.domain.registry import Period, Totals
from tests.payments.builders import A_MORNING, make_payment
from tests.payments.fakes import FakePayments
from tests.payments.reconciliation_fakes import FakeIncidents, FakeOwnBooks, FakeReconciliations
from tests.support.query_plans import query_plans

Document = dict[str, Any]
_DAY = date(2026, 11, 22)
_PERIOD = Period.of(_DAY)
_JUST_BEFORE = timedelta(milliseconds=1)


@pytest.fixture(params=["fake", "mongo"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make_difference(**fields: Any) -> Difference:
    defaults: dict[str, Any] = {
        "kind": DifferenceKind.AMOUNT_DIFFERS,
        "subject": "pay_1",
        "payment_id": "pay_1",
        "acquirer_payment_ids": ("acquirer-1",),
        "ours": Money(100),
        "theirs": Money(101),
    }
    return Difference(**defaults | fields)


def make_incident(*, day: date = _DAY, **fields: Any) -> ReconciliationIncident:
    difference = make_difference(**fields)
    return ReconciliationIncident.open(difference, day=day, payment_state="posted", run=1, now=A_MORNING)


def _refunded(at: datetime, state: RefundState = RefundState.SUCCEEDED) -> Payment:
    refund = Refund(refund_id="r", amount=Money(1), reference="T", reason="", requested_at=at, state=state, ended_at=at)
    return make_payment(state=State.REVERSAL_DUE, captured_at=_PERIOD.begins_at - timedelta(days=9), refunds=[refund])


class TestOurBooks:
    """What moved and what is undecided in a period."""

    @pytest.fixture
    def payments(self, kind: str, database: Database[Document]) -> FakePayments | MongoPaymentRepository:
        if kind == "fake":
            return FakePayments()
        repository = MongoPaymentRepository(database, clock=SystemClock())
        repository.ensure_indexes()
        return repository

    @pytest.fixture
    def books(self, payments: FakePayments | MongoPaymentRepository, database: Database[Document]) -> OurBooks:
        return FakeOwnBooks(payments) if isinstance(payments, FakePayments) else MongoOwnBooks(database, page_size=3)

    @pytest.fixture
    def save(self, payments: FakePayments | MongoPaymentRepository) -> Callable[[Payment], str]:
        def save(payment: Payment) -> str:
            payments.save(payment)
            return payment.payment_id

        return save

    def test_reads_what_was_captured_in_a_period_in_the_order_of_time(
        self, books: OurBooks, save: Callable[[Payment], str]
    ) -> None:
        moments = [_PERIOD.begins_at, A_MORNING, A_MORNING, _PERIOD.ends_at - _JUST_BEFORE]
        ours = [make_payment(state=State.CAPTURED, captured_at=moment) for moment in moments]
        outside = [_PERIOD.begins_at - _JUST_BEFORE, _PERIOD.ends_at, None]
        for payment in [*ours, *(make_payment(captured_at=moment) for moment in outside)]:
            save(payment)

        found = [payment.payment_id for payment in books.captured(_PERIOD)]

        in_order = sorted(ours, key=lambda payment: (payment.captured_at, payment.payment_id))
        assert found == [payment.payment_id for payment in in_order]

    def test_reads_through_many_pages(self, books: OurBooks, save: Callable[[Payment], str]) -> None:
        ours = {save(make_payment(state=State.CAPTURED, captured_at=A_MORNING)) for _ in range(7)}

        found = [payment.payment_id for payment in books.captured(_PERIOD)]

        assert (len(found), set(found)) == (7, ours)

    def test_reads_what_was_given_back_in_a_period_and_not_what_was_refused(
        self, books: OurBooks, save: Callable[[Payment], str]
    ) -> None:
        ours = save(_refunded(A_MORNING))
        for payment in (_refunded(_PERIOD.ends_at), _refunded(A_MORNING, RefundState.FAILED), make_payment()):
            save(payment)

        assert [payment.payment_id for payment in books.refunded(_PERIOD)] == [ours]

    def test_reads_what_is_undecided(self, books: OurBooks, save: Callable[[Payment], str]) -> None:
        ours = save(make_payment(state=State.UNKNOWN, due_at=_PERIOD.ends_at))
        save(make_payment(state=State.CAPTURED, captured_at=A_MORNING, due_at=A_MORNING))
        save(make_payment(state=State.UNKNOWN, due_at=A_MORNING, created_at=_PERIOD.ends_at))

        assert [payment.payment_id for payment in books.undecided(_PERIOD)] == [ours]


def test_our_books_are_read_along_their_indexes(database: Database[Document]) -> None:
    storage = storage_in(database, clock=SystemClock())
    storage.ensure_indexes()
    for _ in range(3):
        storage.payments.save(make_payment(state=State.CAPTURED, captured_at=A_MORNING, due_at=A_MORNING))
    books = MongoOwnBooks(database)

    with query_plans(database) as plans:
        found = [len(list(read(_PERIOD))) for read in (books.captured, books.refunded, books.undecided)]

    assert (found, len(plans)) == ([3, 0, 0], 3)
    assert all(plan.startswith("IXSCAN") for plan in plans), plans


class TestReconciliations:
    """Comparisons."""

    @pytest.fixture
    def days(self, kind: str, database: Database[Document]) -> ReconciliationRepository:
        if kind == "fake":
            return FakeReconciliations()
        storage = storage_in(database, clock=SystemClock())
        storage.ensure_indexes()
        return storage.reconciliations

    def test_are_kept_as_they_are(self, days: ReconciliationRepository) -> None:
        assert list(days.newest_first()) == []
        planned = Reconciliation.plan(_DAY, grace=timedelta(hours=4), now=A_MORNING)
        days.save(planned)
        assert (days.get(_DAY), days.get(date(2026, 11, 23))) == (planned, None)

        planned.postpone("silence", backoff=registry_backoff(), now=A_MORNING)
        days.save(planned)
        assert days.get(_DAY) == planned

        totals = Totals(3, Money(600), 1, Money(100))
        planned.finish(ours=totals, theirs=Totals(), open_incidents=2, again_after=timedelta(hours=6), now=A_MORNING)
        days.save(planned)
        assert days.get(_DAY) == planned

    def test_are_told_from_the_latest_day_on(self, days: ReconciliationRepository) -> None:
        rows = [
            Reconciliation.plan(date(2026, month, 9), grace=timedelta(0), now=A_MORNING - timedelta(days=month))
            for month in (10, 12, 11)
        ]
        for row in rows:
            days.save(row)

        assert list(days.newest_first()) == [rows[1], rows[2], rows[0]]

    def test_are_planned_once(self, days: ReconciliationRepository) -> None:
        days.save(Reconciliation.plan(_DAY, grace=timedelta(0), now=A_MORNING))

        with pytest.raises(VersionConflict):
            days.save(Reconciliation.plan(_DAY, grace=timedelta(0), now=A_MORNING))


class TestIncidents:
    """Incidents."""

    @pytest.fixture
    def incidents(self, kind: str, database: Database[Document]) -> IncidentRepository:
        if kind == "fake":
            return FakeIncidents()
        storage = storage_in(database, clock=SystemClock())
        storage.ensure_indexes()
        return storage.incidents

    def test_are_kept_as_they_are_and_found_by_day_and_while_they_are_open(self, incidents: IncidentRepository) -> None:
        first = make_incident()
        other = make_incident(day=_DAY + timedelta(days=1), ours=None, payment_id="", acquirer_payment_ids=())
        closed = make_incident(kind=DifferenceKind.CHARGED_TWICE)
        closed.close(now=A_MORNING)
        for incident in (first, other, closed):
            incidents.save(incident)

        assert incidents.get(first.incident_id) == first
        assert incidents.of_day(_DAY) == [first, closed]
        assert list(incidents.all_open()) == [first, other]

    def test_are_opened_once(self, incidents: IncidentRepository) -> None:
        incidents.save(make_incident())

        with pytest.raises(VersionConflict):
            incidents.save(make_incident())


@pytest.mark.parametrize(
    "incident",
    [
        make_incident(),
        make_incident(kind=DifferenceKind.MISSING_HERE, payment_id="", ours=None),
        make_incident(kind=DifferenceKind.NOT_POSTED, acquirer_payment_ids=(), theirs=None),
    ],
)
def test_an_incident_is_announced_as_its_contract_says(
    database: Database[Document], incident: ReconciliationIncident
) -> None:
    storage_in(database, clock=SystemClock()).incidents.save(incident)

    (entry,) = database["reconciliation_incidents"].find_one()["outbox"]  # type: ignore[index]

    EventSchemas().check(decode(encode(entry)))
