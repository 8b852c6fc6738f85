"""What the comparison with the acquirer's registry works with, in memory; the registry can be made to lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.domain.events import ReconciliationIncidentOpened
from services.payments.domain.payment import UNDECIDED, Payment
from services.payments.domain.ports import AlreadySaved
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.reconciliation_ports import RegistryUnavailable
from services.payments.domain.refund import RefundState
from services.payments.domain.registry import Charge, Period, RegistryRefund
from tests.payments.builders import A_MORNING
from tests.payments.fakes import FakePayments, Rows


def make_charge(payment_id: str, *, kopecks: int = 45_000, **fields: object) -> Charge:
    """A charge under the acquirer's id that `told` gives a payment, unless it is named."""
    defaults: dict[str, object] = {
        "acquirer_payment_id": f"acquirer-{payment_id}",
        "payment_id": payment_id,
        "amount": Money(kopecks),
        "refunded": Money(0),
        "captured_at": A_MORNING,
    }
    return Charge(**defaults | fields)  # type: ignore[arg-type]


def make_registry_refund(charge: Charge, *, kopecks: int, **fields: object) -> RegistryRefund:
    defaults: dict[str, object] = {
        "acquirer_refund_id": f"refund-of-{charge.acquirer_payment_id}",
        "acquirer_payment_id": charge.acquirer_payment_id,
        "refund_id": f"{charge.payment_id}:refund:1",
        "amount": Money(kopecks),
        "created_at": A_MORNING,
    }
    return RegistryRefund(**defaults | fields)  # type: ignore[arg-type]


@dataclass
class FakeOwnBooks:
    """See OurBooks; over the rows of FakePayments."""

    payments: FakePayments

    def captured(self, period: Period, /) -> Iterator[Payment]:
        rows = [row for row in self.payments.rows.all() if row.captured_at and period.holds(row.captured_at)]
        return iter(sorted(rows, key=lambda row: (row.captured_at, row.payment_id)))

    def refunded(self, period: Period, /) -> Iterator[Payment]:
        def counts(row: Payment) -> bool:
            ended = [refund.ended_at for refund in row.refunds if refund.state is RefundState.SUCCEEDED]
            return any(period.holds(moment) for moment in ended if moment)

        return filter(counts, self.payments.rows.all())

    def undecided(self, period: Period, /) -> Iterator[Payment]:
        rows = self.payments.rows.all()
        return (row for row in rows if row.state in UNDECIDED and row.due_at and period.holds(row.created_at))


def _reconciliation_id(row: Reconciliation) -> str:
    return row.reconciliation_id


def _incident_id(row: ReconciliationIncident) -> str:
    return row.incident_id


@dataclass
class FakeReconciliations:
    """See ReconciliationRepository."""

    rows: Rows[Reconciliation] = field(default_factory=lambda: Rows(_reconciliation_id))

    def get(self, day: date, /) -> Reconciliation | None:
        return self.rows.get(day.isoformat())

    def newest_first(self) -> Iterator[Reconciliation]:
        return iter(sorted(self.rows.all(), key=lambda row: row.day, reverse=True))

    def save(self, reconciliation: Reconciliation, /) -> None:
        _save(self.rows, reconciliation)


@dataclass
class FakeIncidents:
    """See IncidentRepository; `published` is what the outbox would hold."""

    rows: Rows[ReconciliationIncident] = field(default_factory=lambda: Rows(_incident_id))
    published: list[ReconciliationIncidentOpened] = field(default_factory=list)

    def get(self, incident_id: str, /) -> ReconciliationIncident | None:
        return self.rows.get(incident_id)

    def of_day(self, day: date, /) -> Sequence[ReconciliationIncident]:
        return sorted((row for row in self.rows.all() if row.day == day), key=lambda row: row.incident_id)

    def all_open(self) -> Iterator[ReconciliationIncident]:
        return iter(sorted((row for row in self.rows.all() if row.is_open), key=lambda row: row.incident_id))

    def save(self, incident: ReconciliationIncident, /) -> None:
        events, incident.pending_events = incident.pending_events, []
        _save(self.rows, incident)
        self.published += events


@dataclass
class ScriptedRegistry:
    """See AcquirerRegistry. What is in `unlisted` can be asked for and is in no list; `down` answers nothing."""

    books: list[Charge] = field(default_factory=list)
    given_back: list[RegistryRefund] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    extra: list[Charge] = field(default_factory=list)
    down: bool = False

    def pay_back(self, charge: Charge, *, kopecks: int, at: datetime = A_MORNING) -> RegistryRefund:
        """Give some of a charge back."""
        refund = make_registry_refund(charge, kopecks=kopecks, created_at=at)
        self.given_back.append(refund)
        self.books[self.books.index(charge)] = replace(charge, refunded=charge.refunded + refund.amount)
        return refund

    def charges(self, period: Period, /) -> Iterator[Charge]:
        self._answering()
        listed = [row for row in self.books if row.acquirer_payment_id not in self.unlisted]
        return (row for row in [*listed, *self.extra] if period.holds(row.captured_at))

    def refunds(self, period: Period, /) -> Iterator[RegistryRefund]:
        self._answering()
        return (row for row in self.given_back if period.holds(row.created_at))

    def charge(self, acquirer_payment_id: str, /) -> Charge | None:
        self._answering()
        return next((row for row in self.books if row.acquirer_payment_id == acquirer_payment_id), None)

    def find_charge(self, payment_id: str, /, *, started: Period) -> Charge | None:
        self._answering()
        found = (row for row in self.books if row.payment_id == payment_id and started.holds(row.captured_at))
        return next(found, None)

    def refunds_of(self, acquirer_payment_id: str, /) -> Sequence[RegistryRefund]:
        self._answering()
        return [row for row in self.given_back if row.acquirer_payment_id == acquirer_payment_id]

    def _answering(self) -> None:
        if self.down:
            raise RegistryUnavailable("the acquirer does not answer")


def _save(rows: Rows[Reconciliation] | Rows[ReconciliationIncident], row: object) -> None:
    try:
        rows.save(row)  # type: ignore[arg-type]
    except AlreadySaved:
        raise VersionConflict("Somebody else saved it first.") from None
