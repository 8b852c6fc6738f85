"""Postings in MongoDB, the queue of those that are due, and our books of what is posted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.accounts.adapters.mongo_values import key_of
from services.accounts.adapters.regional_work import RegionalWork
from services.accounts.domain.posting import Posting, PostingState, Step
from services.accounts.domain.reconciliation import BookedPayment, Period
from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields

Document = dict[str, Any]


class MongoPostingRepository:
    """Collection `postings`; `_id` is the payment's, so that one payment has one posting."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = postings_of(database)
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_work_index(self._collection, told_apart_by="region")
        ensure_outbox_index(self._collection)
        self._collection.create_index(
            [("region", ASCENDING), ("posted_at", ASCENDING), ("_id", ASCENDING)],
            name="posted",
            partialFilterExpression={"posted_at": {"$type": "date"}},
        )
        self._collection.create_index(
            [("region", ASCENDING), ("captured_at", ASCENDING), ("_id", ASCENDING)], name="captured"
        )
        self._collection.create_index(
            "needs_person", name="needs_person", partialFilterExpression={"needs_person": True}
        )

    def get(self, payment_id: str, /) -> Posting | None:
        document = self._collection.find_one({"_id": payment_id}, {"outbox": 0})
        return _to_posting(document) if document else None

    def save(self, posting: Posting, /) -> None:
        save_announcing(
            self._collection,
            posting,
            document_id=posting.payment_id,
            document=_to_document(posting),
            now=self._clock.now(),
        )


class MongoOurBooks:
    """What of the postings is posted, read from the index `posted`; and all of them from the index `captured`."""

    def __init__(self, database: Database[Document], /, *, page_size: int = 500) -> None:
        self._collection = postings_of(database)
        self._page_size = page_size

    def posted(
        self, region: str, period: Period, /, *, after: BookedPayment | None, limit: int
    ) -> Sequence[BookedPayment]:
        # The type is named for the partial index: from a comparison alone MongoDB does not conclude it.
        moments = {"$type": "date", "$gte": period.begins_at, "$lt": period.ends_at}
        within: Document = {"region": region, "posted_at": moments}
        if after is not None:
            within |= _later("posted_at", after.posted_at, after.payment_id)
        order = [("posted_at", ASCENDING), ("_id", ASCENDING)]
        return [
            BookedPayment(payment_id=row["_id"], amount=Money.from_mapping(row["amount"]), posted_at=row["posted_at"])
            for row in self._collection.find(within, {"amount": 1, "posted_at": 1}, sort=order, limit=limit)
        ]

    def captured(self, region: str, period: Period, /) -> Iterator[Posting]:
        """A cursor ends with its time limit, however much there is to read; a page is read within it."""
        within: Document = {"region": region, "captured_at": {"$gte": period.begins_at, "$lt": period.ends_at}}
        order = [("captured_at", ASCENDING), ("_id", ASCENDING)]
        after: Document = {}
        while True:
            rows = list(self._collection.find(within | after, {"outbox": 0}, sort=order, limit=self._page_size))
            yield from map(_to_posting, rows)
            if len(rows) < self._page_size:
                return
            after = _later("captured_at", rows[-1]["captured_at"], rows[-1]["_id"])


class MongoPostingQueue:
    """Due postings, leased to one claimer at a time."""

    def __init__(self, work: DueWork | RegionalWork, /) -> None:
        self._work = work

    def claim(self) -> Posting | None:
        document = self._work.claim()
        return _to_posting(document) if document else None


def postings_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["postings"]


def _later(field: str, moment: datetime, payment_id: str) -> Document:
    """Return the filter for what comes after a row in the order of time and, at one moment, of ids."""
    return {"$or": [{field: {"$gt": moment}}, {field: moment, "_id": {"$gt": payment_id}}]}


def _to_document(posting: Posting) -> Document:
    return {
        "billing_account_id": posting.billing_account_id,
        "region": posting.key.region,
        "number": posting.key.number,
        "amount": posting.amount.as_mapping(),
        "captured_at": posting.captured_at,
        "state": posting.state.value,
        "tries": posting.tries,
        "outcome_unknown": posting.outcome_unknown,
        "attempted_at": posting.attempted_at,
        "needs_person": posting.needs_person,
        "last_problem": posting.last_problem,
        "posted_at": posting.posted_at,
        "service_restored_at": posting.service_restored_at,
        "refusal_reason": posting.refusal_reason,
        "history": [{"state": step.state.value, "at": step.at} for step in posting.history],
    } | work_fields(posting.due_at)


def _to_posting(document: Document) -> Posting:
    return Posting(
        payment_id=document["_id"],
        billing_account_id=document["billing_account_id"],
        key=key_of(document),
        amount=Money.from_mapping(document["amount"]),
        captured_at=document["captured_at"],
        due_at=due_at_of(document),
        state=PostingState(document["state"]),
        tries=document["tries"],
        outcome_unknown=document["outcome_unknown"],
        attempted_at=document.get("attempted_at"),  # written from a later release on
        needs_person=document.get("needs_person", False),
        last_problem=document["last_problem"],
        posted_at=document["posted_at"],
        service_restored_at=document["service_restored_at"],
        refusal_reason=document["refusal_reason"],
        history=[Step(state=PostingState(step["state"]), at=step["at"]) for step in document["history"]],
        version=document["version"],
    )
