"""Comparisons of books and their incidents in MongoDB, and the queue of days that are due."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.accounts.adapters.mongo_values import when_present
from services.accounts.adapters.regional_work import RegionalWork
from services.accounts.domain.reconciliation import (
    BookedPayment,
    Difference,
    DifferenceKind,
    Reconciliation,
    ReconciliationState,
    Totals,
)
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_aggregate, save_announcing
from services.chassis.sightings import sightings_fields, sightings_of
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields

Document = dict[str, Any]


class MongoReconciliationRepository:
    """Collection `reconciliations`; `_id` is region and day. It is also the report of what the comparison came to."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = reconciliations_of(database)

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_work_index(self._collection, told_apart_by="region")
        self._collection.create_index([("region", ASCENDING), ("day", ASCENDING)], name="by_region")

    def get(self, region: str, day: date, /) -> Reconciliation | None:
        document = self._collection.find_one({"_id": f"{region}:{day.isoformat()}"})
        return _to_reconciliation(document) if document else None

    def newest_first(self, region: str, /) -> Iterator[Reconciliation]:
        return map(_to_reconciliation, self._collection.find({"region": region}, sort=[("day", DESCENDING)]))

    def save(self, reconciliation: Reconciliation, /) -> None:
        save_aggregate(
            self._collection,
            reconciliation,
            document_id=reconciliation.reconciliation_id,
            document=_reconciliation_document(reconciliation),
        )


class MongoReconciliationQueue:
    """Due days, leased to one claimer at a time."""

    def __init__(self, work: DueWork | RegionalWork, /) -> None:
        self._work = work

    def claim(self) -> Reconciliation | None:
        document = self._work.claim()
        return _to_reconciliation(document) if document else None


class MongoIncidentRepository:
    """Collection `reconciliation_incidents`; `_id` is region, day, payment and kind."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["reconciliation_incidents"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_outbox_index(self._collection)
        self._collection.create_index([("region", ASCENDING), ("day", ASCENDING)], name="of_day")
        self._collection.create_index("state", name="open", partialFilterExpression={"state": "open"})

    def get(self, incident_id: str, /) -> ReconciliationIncident | None:
        document = self._collection.find_one({"_id": incident_id}, {"outbox": 0})
        return _to_incident(document) if document else None

    def of_day(self, region: str, day: date, /) -> Sequence[ReconciliationIncident]:
        rows = self._collection.find({"region": region, "day": day.isoformat()}, {"outbox": 0}, sort=[("_id", 1)])
        return [_to_incident(row) for row in rows]

    def all_open(self) -> Iterator[ReconciliationIncident]:
        return map(_to_incident, self._collection.find({"state": "open"}, {"outbox": 0}, sort=[("_id", 1)]))

    def save(self, incident: ReconciliationIncident, /) -> None:
        save_announcing(
            self._collection,
            incident,
            document_id=incident.incident_id,
            document=_incident_document(incident),
            now=self._clock.now(),
        )


def reconciliations_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["reconciliations"]


def _reconciliation_document(reconciliation: Reconciliation) -> Document:
    return {
        "region": reconciliation.region,
        "day": reconciliation.day.isoformat(),
        "created_at": reconciliation.created_at,
        "state": reconciliation.state.value,
        "run": reconciliation.run,
        "ours_so_far": _totals_document(reconciliation.ours_so_far),
        "reached": when_present(reconciliation.reached, _payment_document),
        "tries": reconciliation.tries,
        "last_problem": reconciliation.last_problem,
        "compared_at": reconciliation.compared_at,
        "ours": when_present(reconciliation.ours, _totals_document),
        "theirs": when_present(reconciliation.theirs, _totals_document),
        "open_incidents": reconciliation.open_incidents,
    } | work_fields(reconciliation.due_at)


def _to_reconciliation(document: Document) -> Reconciliation:
    return Reconciliation(
        region=document["region"],
        day=date.fromisoformat(document["day"]),
        due_at=due_at_of(document),
        created_at=document["created_at"],
        state=ReconciliationState(document["state"]),
        run=document["run"],
        ours_so_far=_to_totals(document["ours_so_far"]),
        reached=when_present(document["reached"], _to_payment),
        tries=document["tries"],
        last_problem=document["last_problem"],
        compared_at=document["compared_at"],
        ours=when_present(document["ours"], _to_totals),
        theirs=when_present(document["theirs"], _to_totals),
        open_incidents=document["open_incidents"],
        version=document["version"],
    )


def _totals_document(totals: Totals) -> Document:
    return {"count": totals.count, "amount": totals.amount.as_mapping()}


def _to_totals(document: Document) -> Totals:
    return Totals(document["count"], Money.from_mapping(document["amount"]))


def _payment_document(payment: BookedPayment) -> Document:
    return {
        "payment_id": payment.payment_id,
        "amount": payment.amount.as_mapping(),
        "posted_at": payment.posted_at,
    }


def _to_payment(document: Document) -> BookedPayment:
    return BookedPayment(
        payment_id=document["payment_id"],
        amount=Money.from_mapping(document["amount"]),
        posted_at=document["posted_at"],
    )


def _incident_document(incident: ReconciliationIncident) -> Document:
    difference = incident.difference
    return {
        "region": incident.region,
        "day": incident.day.isoformat(),
        "payment_id": difference.payment_id,
        "kind": difference.kind.value,
        "ours": when_present(difference.ours, Money.as_mapping),
        "theirs": when_present(difference.theirs, Money.as_mapping),
        "posting_state": incident.posting_state,
    } | sightings_fields(incident.sightings)


def _to_incident(document: Document) -> ReconciliationIncident:
    return ReconciliationIncident(
        region=document["region"],
        day=date.fromisoformat(document["day"]),
        difference=Difference(
            payment_id=document["payment_id"],
            kind=DifferenceKind(document["kind"]),
            ours=when_present(document["ours"], Money.from_mapping),
            theirs=when_present(document["theirs"], Money.from_mapping),
        ),
        posting_state=document["posting_state"],
        sightings=sightings_of(document),
        version=document["version"],
    )
