"""Bills as the regions issued them, in MongoDB."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bson import MaxKey
from pymongo import ASCENDING
from pymongo.database import Database

from services.accounts.adapters.mongo_values import key_of
from services.accounts.domain.regional_bill import BillContent, BillLine, BillName, BillReceipt, RegionalBill
from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_many_announcing

Document = dict[str, Any]

_RECEIPT = ("received_at", "_id", "region")


class MongoRegionalBillRepository:
    """Collection `regional_bills`. The index `one_content` carries the rule of one content per number and revision."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["regional_bills"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        self._collection.create_index(
            [(name, ASCENDING) for name in ("region", "number", "bill_number", "revision")],
            name="one_content",
            unique=True,
        )
        self._collection.create_index([(name, ASCENDING) for name in _RECEIPT], name="receipts")
        ensure_outbox_index(self._collection)

    def get(self, regional_bill_id: str, /) -> RegionalBill | None:
        document = self._collection.find_one({"_id": regional_bill_id}, {"outbox": 0})
        return _to_bill(document) if document else None

    def hashes_of(self, names: Sequence[BillName], /) -> Mapping[BillName, str]:
        if not names:
            return {}
        wanted = {"$or": [_identity(name) for name in set(names)]}
        fields = dict.fromkeys(("region", "number", "bill_number", "revision", "content_hash"), 1)
        return {_name_of(document): document["content_hash"] for document in self._collection.find(wanted, fields)}

    def received_after(
        self, received_at: datetime | None, regional_bill_id: str, /, *, limit: int
    ) -> list[BillReceipt]:
        """Answered by the index alone: no bill is read for it."""
        found = (
            self._collection.find({}, dict.fromkeys(_RECEIPT, 1))
            .hint("receipts")
            .sort([("received_at", 1), ("_id", 1)])
        )
        if received_at is not None:  # a bound of the index itself, just behind every entry of the position
            position: list[Any] = [("received_at", received_at), ("_id", regional_bill_id), ("region", MaxKey())]
            found = found.min(position)
        return [
            BillReceipt(regional_bill_id=row["_id"], region=row["region"], received_at=row["received_at"])
            for row in found.limit(limit)
        ]

    def save_many(self, bills: Sequence[RegionalBill], /) -> Collection[BillName]:
        lost = save_many_announcing(
            self._collection,
            {bill.regional_bill_id: bill for bill in bills},
            to_document=_to_document,
            now=self._clock.now(),
        )
        return [bill.content.name for bill in bills if bill.regional_bill_id in lost]


def _identity(name: BillName) -> Document:
    return {
        "region": name.key.region,
        "number": name.key.number,
        "bill_number": name.bill_number,
        "revision": name.revision,
    }


def _name_of(document: Document) -> BillName:
    return BillName(key=key_of(document), bill_number=document["bill_number"], revision=document["revision"])


def _to_document(bill: RegionalBill) -> Document:
    content = bill.content
    return _identity(content.name) | {
        "period_start": content.period_start.isoformat(),
        "period_end": content.period_end.isoformat(),
        "issued_at": content.issued_at,
        "due_date": content.due_date.isoformat(),
        "payer_name": content.payer_name,
        "payer_address": content.payer_address,
        "lines": [{"description": line.description, "amount": line.amount.as_mapping()} for line in content.lines],
        "opening_balance": content.opening_balance.as_mapping(),
        "payments_received": content.payments_received.as_mapping(),
        "amount_due": content.amount_due.as_mapping(),
        "content_hash": bill.content_hash,
        "received_at": bill.received_at,
    }


def _to_bill(document: Document) -> RegionalBill:
    return RegionalBill(
        regional_bill_id=document["_id"],
        content=_to_content(document),
        content_hash=document["content_hash"],
        received_at=document["received_at"],
        version=document["version"],
    )


def _to_content(document: Document) -> BillContent:
    return BillContent(
        key=key_of(document),
        bill_number=document["bill_number"],
        revision=document["revision"],
        period_start=date.fromisoformat(document["period_start"]),
        period_end=date.fromisoformat(document["period_end"]),
        issued_at=document["issued_at"],
        due_date=date.fromisoformat(document["due_date"]),
        payer_name=document["payer_name"],
        payer_address=document["payer_address"],
        lines=tuple(
            BillLine(description=line["description"], amount=Money.from_mapping(line["amount"]))
            for line in document["lines"]
        ),
        opening_balance=Money.from_mapping(document["opening_balance"]),
        payments_received=Money.from_mapping(document["payments_received"]),
        amount_due=Money.from_mapping(document["amount_due"]),
    )
