"""Comparisons with the acquirer's registry and their incidents in MongoDB."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_aggregate, save_announcing
from services.chassis.sightings import sightings_fields, sightings_of
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.domain.book_comparison import Difference, DifferenceKind
from services.payments.domain.reconciliation import Reconciliation, ReconciliationState
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.registry import Totals

Document = dict[str, Any]


def reconciliations_collection(database: Database[Document], /) -> Collection[Document]:
    return database["reconciliations"]


def incidents_collection(database: Database[Document], /) -> Collection[Document]:
    return database["reconciliation_incidents"]


class MongoReconciliationRepository:
    """See ReconciliationRepository. A document is also the report of what the comparison came to."""

    def __init__(self, database: Database[Document], /) -> None:
        self._reconciliations = reconciliations_collection(database)

    def ensure_indexes(self) -> None:
        ensure_work_index(self._reconciliations)

    def get(self, day: date, /) -> Reconciliation | None:
        document = self._reconciliations.find_one({"_id": day.isoformat()})
        return None if document is None else to_reconciliation(document)

    def newest_first(self) -> Iterator[Reconciliation]:
        return map(to_reconciliation, self._reconciliations.find(sort=[("_id", DESCENDING)]))

    def save(self, reconciliation: Reconciliation, /) -> None:
        save_aggregate(
            self._reconciliations,
            reconciliation,
            document_id=reconciliation.reconciliation_id,
            document=_reconciliation_document(reconciliation),
        )


class MongoIncidentRepository:
    """See IncidentRepository."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._incidents = incidents_collection(database)
        self._clock = clock

    def ensure_indexes(self) -> None:
        ensure_outbox_index(self._incidents)
        self._incidents.create_index("day", name="of_day")
        self._incidents.create_index("state", name="open", partialFilterExpression={"state": "open"})

    def get(self, incident_id: str, /) -> ReconciliationIncident | None:
        document = self._incidents.find_one({"_id": incident_id}, {"outbox": 0})
        return None if document is None else _to_incident(document)

    def of_day(self, day: date, /) -> Sequence[ReconciliationIncident]:
        rows = self._incidents.find({"day": day.isoformat()}, {"outbox": 0}, sort=[("_id", ASCENDING)])
        return [_to_incident(row) for row in rows]

    def all_open(self) -> Iterator[ReconciliationIncident]:
        rows = self._incidents.find({"state": "open"}, {"outbox": 0}, sort=[("_id", ASCENDING)])
        return map(_to_incident, rows)

    def save(self, incident: ReconciliationIncident, /) -> None:
        save_announcing(
            self._incidents,
            incident,
            document_id=incident.incident_id,
            document=_incident_document(incident),
            now=self._clock.now(),
        )


def to_reconciliation(document: Document, /) -> Reconciliation:
    """Return the comparison that `save` wrote."""
    return Reconciliation(
        day=date.fromisoformat(document["_id"]),
        due_at=due_at_of(document),
        created_at=document["created_at"],
        state=ReconciliationState(document["state"]),
        run=document["run"],
        tries=document["tries"],
        last_problem=document["last_problem"],
        compared_at=document["compared_at"],
        ours=_to_totals(document["ours"]),
        theirs=_to_totals(document["theirs"]),
        open_incidents=document["open_incidents"],
        version=document["version"],
    )


def _reconciliation_document(reconciliation: Reconciliation) -> Document:
    return {
        "created_at": reconciliation.created_at,
        "state": reconciliation.state.value,
        "run": reconciliation.run,
        "tries": reconciliation.tries,
        "last_problem": reconciliation.last_problem,
        "compared_at": reconciliation.compared_at,
        "ours": _totals_document(reconciliation.ours),
        "theirs": _totals_document(reconciliation.theirs),
        "open_incidents": reconciliation.open_incidents,
        **work_fields(reconciliation.due_at),
    }


def _totals_document(totals: Totals | None) -> Document | None:
    if totals is None:
        return None
    return {
        "charges": totals.charges,
        "charged": totals.charged.as_mapping(),
        "refunds": totals.refunds,
        "refunded": totals.refunded.as_mapping(),
    }


def _to_totals(document: Document | None) -> Totals | None:
    if document is None:
        return None
    charged, refunded = Money.from_mapping(document["charged"]), Money.from_mapping(document["refunded"])
    return Totals(document["charges"], charged, document["refunds"], refunded)


def _incident_document(incident: ReconciliationIncident) -> Document:
    difference = incident.difference
    return {
        "day": incident.day.isoformat(),
        "kind": difference.kind.value,
        "subject": difference.subject,
        "payment_id": difference.payment_id,
        "acquirer_payment_ids": list(difference.acquirer_payment_ids),
        "ours": difference.ours.as_mapping() if difference.ours else None,
        "theirs": difference.theirs.as_mapping() if difference.theirs else None,
        "payment_state": incident.payment_state,
        **sightings_fields(incident.sightings),
    }


def _to_incident(document: Document) -> ReconciliationIncident:
    return ReconciliationIncident(
        day=date.fromisoformat(document["day"]),
        difference=Difference(
            kind=DifferenceKind(document["kind"]),
            subject=document["subject"],
            payment_id=document["payment_id"],
            acquirer_payment_ids=tuple(document["acquirer_payment_ids"]),
            ours=Money.from_mapping(document["ours"]) if document["ours"] else None,
            theirs=Money.from_mapping(document["theirs"]) if document["theirs"] else None,
        ),
        payment_state=document["payment_state"],
        sightings=sightings_of(document),
        version=document["version"],
    )
