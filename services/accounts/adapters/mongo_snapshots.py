"""Last known figures in MongoDB."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pymongo.database import Database

from services.accounts.adapters.mongo_rows import charge_document, charge_of, payment_document, payment_of
from services.accounts.adapters.mongo_values import key_of, plan_document, plan_of, when_present
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast, NumberSpell
from services.accounts.domain.account_report import BillingMode, OldMandate, Service, ServiceKind, ServiceState
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.figures import Known
from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing, save_many_announcing

Document = dict[str, Any]
T = TypeVar("T")


class MongoSnapshotRepository:
    """Collection `snapshots`, found by `_id` only: region and number."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["snapshots"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_outbox_index(self._collection)

    def get(self, key: AccountKey, /) -> AccountSnapshot:
        return self.many([key])[key]

    def many(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountSnapshot]:
        wanted = {"_id": {"$in": [str(key) for key in keys]}}
        found = self._collection.find(wanted, {"outbox": 0}, limit=len(keys), batch_size=len(keys)) if keys else ()
        snapshots = [_to_snapshot(document) for document in found]
        return {key: AccountSnapshot(key=key) for key in keys} | {snapshot.key: snapshot for snapshot in snapshots}

    def save(self, snapshot: AccountSnapshot, /) -> None:
        save_announcing(
            self._collection,
            snapshot,
            document_id=str(snapshot.key),
            document=_to_document(snapshot),
            now=self._clock.now(),
        )

    def pasts(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountPast]:
        pasts = {key: AccountPast() for key in keys}
        if pasts:
            fields = dict.fromkeys(("region", "number", "owner_since", "number_since", "former_numbers"), 1)
            found = self._collection.find({"_id": {"$in": [str(key) for key in pasts]}}, fields)
            pasts |= {key_of(document): _to_past(document) for document in found}
        return pasts

    def save_many(self, snapshots: Sequence[AccountSnapshot], /) -> Collection[AccountKey]:
        lost = save_many_announcing(
            self._collection,
            {str(snapshot.key): snapshot for snapshot in snapshots},
            to_document=_to_document,
            now=self._clock.now(),
        )
        return [snapshot.key for snapshot in snapshots if str(snapshot.key) in lost] if lost else ()


def _to_document(snapshot: AccountSnapshot) -> Document:
    return {
        "region": snapshot.key.region,
        "number": snapshot.key.number,
        "balance": _known_document(snapshot.balance, Money.as_mapping),
        "billing_mode": _known_document(snapshot.billing_mode, lambda mode: mode.value),
        "tariff_plan": _known_document(
            snapshot.tariff_plan, lambda plan: None if plan is None else plan_document(plan)
        ),
        "old_mandate": _known_document(snapshot.old_mandate, _mandate_document),
        "services": _known_document(snapshot.services, lambda rows: [_service_document(row) for row in rows]),
        "charges": _known_document(snapshot.charges, lambda rows: [charge_document(row) for row in rows]),
        "payments": _known_document(snapshot.payments, lambda rows: [payment_document(row) for row in rows]),
        "balance_moved_at": snapshot.balance_moved_at,
        "answered_at": snapshot.answered_at,
        "owner_since": snapshot.past.owner_since,
        "number_since": snapshot.past.number_since,
        "former_numbers": [
            {"number": spell.number, "since": spell.since, "until": spell.until} for spell in snapshot.past.former
        ],
    }


def _to_snapshot(document: Document) -> AccountSnapshot:
    return AccountSnapshot(
        key=key_of(document),
        balance=_known(document["balance"], Money.from_mapping),
        billing_mode=_known(document["billing_mode"], BillingMode),
        tariff_plan=_known(document["tariff_plan"], lambda plan: when_present(plan, plan_of)),
        old_mandate=_known(document.get("old_mandate"), lambda mandate: when_present(mandate, _to_mandate)),
        services=_known(document["services"], lambda rows: tuple(_to_service(row) for row in rows)),
        charges=_known(document["charges"], lambda rows: tuple(charge_of(row) for row in rows)),
        payments=_known(document["payments"], lambda rows: tuple(payment_of(row) for row in rows)),
        balance_moved_at=document["balance_moved_at"],
        answered_at=document["answered_at"],
        past=_to_past(document),
        version=document["version"],
    )


def _to_past(document: Document) -> AccountPast:
    """Documents of earlier releases say nothing of it."""
    return AccountPast(
        owner_since=document.get("owner_since"),
        number_since=document.get("number_since"),
        former=tuple(NumberSpell(**spell) for spell in document.get("former_numbers", ())),
    )


def _known_document(known: Known[T] | None, value_of: Callable[[T], Any]) -> Document | None:
    return None if known is None else {"value": value_of(known.value), "as_of": known.as_of}


def _known(document: Document | None, read: Callable[[Any], T]) -> Known[T] | None:
    return None if document is None else Known(read(document["value"]), document["as_of"])


def _mandate_document(mandate: OldMandate | None) -> Document | None:
    return None if mandate is None else {"is_active": mandate.is_active, "since": mandate.since}


def _to_mandate(document: Document) -> OldMandate:
    return OldMandate(is_active=document["is_active"], since=document["since"])


def _service_document(service: Service) -> Document:
    return {
        "service_id": service.service_id,
        "kind": service.kind.value,
        "name": service.name,
        "state": service.state.value,
    }


def _to_service(document: Document) -> Service:
    return Service(
        service_id=document["service_id"],
        kind=ServiceKind(document["kind"]),
        name=document["name"],
        state=ServiceState(document["state"]),
    )
