"""Bills in MongoDB, one per regional bill; the PDF itself is in the archive."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.mongo import is_duplicate_id
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.documents.domain.account import Account, Spell
from services.documents.domain.bill_content import BillContent, BillLine
from services.documents.domain.customer_bill import ArchivedPdf, CustomerBill

Document = dict[str, Any]


class MongoCustomerBillRepository:
    """Meets `CustomerBillRepository`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock, owner: str) -> None:
        self.collection = database["customer_bills"]
        self._clock = clock
        self.due = DueWork(self.collection, owner=owner, clock=clock)

    def ensure_indexes(self) -> None:
        ensure_work_index(self.collection)
        ensure_outbox_index(self.collection)
        self.collection.create_index([("regional_bill_id", ASCENDING)], name="regional_bill", unique=True)
        self.collection.create_index(
            [
                ("content.region", ASCENDING),
                ("content.number", ASCENDING),
                ("content.issued_at", DESCENDING),
                ("_id", DESCENDING),
            ],
            name="account",
        )

    def add(self, bill: CustomerBill, /) -> bool:
        try:
            self.save(bill)
        except DuplicateKeyError as error:
            if is_duplicate_id(error):
                raise
            return False
        return True

    def get(self, customer_bill_id: str, /) -> CustomerBill | None:
        document = self.collection.find_one({"_id": customer_bill_id})
        return _from_document(document) if document else None

    def known(self, regional_bill_ids: Sequence[str], /) -> set[str]:
        wanted = {"regional_bill_id": {"$in": list(regional_bill_ids)}}
        found = self.collection.find(wanted, {"_id": 0, "regional_bill_id": 1})
        return {document["regional_bill_id"] for document in found}

    def of_spells(
        self, spells: Collection[Spell], /, *, limit: int, after: tuple[datetime, str] | None
    ) -> list[CustomerBill]:
        """Each branch is one run through the index in the order wanted; the runs are merged, nothing is sorted."""
        branches = [branch for spell in spells for branch in _branches(spell, after)]
        if not branches:
            return []
        found = self.collection.find({"$or": branches}).sort([("content.issued_at", DESCENDING), ("_id", DESCENDING)])
        return [_from_document(document) for document in found.limit(limit)]

    def save(self, bill: CustomerBill, /) -> None:
        save_announcing(
            self.collection,
            bill,
            document_id=bill.customer_bill_id,
            document=_to_document(bill),
            now=self._clock.now(),
        )

    def claim_due(self) -> CustomerBill | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _branches(spell: Spell, after: tuple[datetime, str] | None) -> list[Document]:
    of_account: Document = {"content.region": spell.account.region, "content.number": spell.account.number}
    if after is None:
        return [of_account | _issued(spell, before=spell.until)]
    issued_at, customer_bill_id = after
    older = of_account | _issued(spell, before=min(issued_at, spell.until or issued_at))
    if not spell.covers(spell.account, issued_at=issued_at):
        return [older]
    return [older, of_account | {"content.issued_at": issued_at, "_id": {"$lt": customer_bill_id}}]


def _issued(spell: Spell, *, before: datetime | None) -> Document:
    bounds = {"$gte": spell.since, "$lt": before}
    within = {operator: moment for operator, moment in bounds.items() if moment is not None}
    return {"content.issued_at": within} if within else {}


def _to_document(bill: CustomerBill) -> Document:
    return {
        "regional_bill_id": bill.regional_bill_id,
        "region": bill.region,
        "state": bill.state.value,
        "received_at": bill.received_at,
        "content": _content_to_document(bill.content) if bill.content else None,
        "pdf": _pdf_to_document(bill.pdf) if bill.pdf else None,
        "addressed_at": bill.addressed_at,
        "failures": bill.failures,
        **work_fields(bill.due_at),
    }


def _from_document(document: Document) -> CustomerBill:
    return CustomerBill(
        customer_bill_id=document["_id"],
        regional_bill_id=document["regional_bill_id"],
        region=document["region"],
        received_at=document["received_at"],
        content=_content_from_document(document["content"]) if document["content"] else None,
        pdf=ArchivedPdf(**document["pdf"]) if document["pdf"] else None,
        addressed_at=document["addressed_at"],
        failures=document["failures"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _pdf_to_document(pdf: ArchivedPdf) -> Document:
    return {"sha256": pdf.sha256, "size_bytes": pdf.size_bytes, "archived_at": pdf.archived_at}


def _content_to_document(content: BillContent) -> Document:
    return {
        "region": content.account.region,
        "number": content.account.number,
        "bill_number": content.bill_number,
        "revision": content.revision,
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
        "other_numbers": [account.number for account in content.also_known_as],
    }


def _content_from_document(document: Document) -> BillContent:
    return BillContent(
        account=Account(region=document["region"], number=document["number"]),
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
        also_known_as=tuple(
            Account(region=document["region"], number=number) for number in document.get("other_numbers", ())
        ),
    )
