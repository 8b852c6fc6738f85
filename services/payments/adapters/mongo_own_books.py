"""Our payments by when their money moved, read in pages along the index of that time."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from services.payments.adapters.mongo_payments import CAPTURED, REFUND_ENDED, payments_collection, to_payment
from services.payments.domain.payment import UNDECIDED, Payment
from services.payments.domain.refund import RefundState
from services.payments.domain.registry import Period

Document = dict[str, Any]


class MongoOwnBooks:
    """See OurBooks."""

    def __init__(self, database: Database[Document], /, *, page_size: int = 500) -> None:
        self._payments = payments_collection(database)
        self._page_size = page_size

    def captured(self, period: Period, /) -> Iterator[Payment]:
        return self._pages({"captured_at": _within(period)}, order=("captured_at", "_id"), index=CAPTURED)

    def refunded(self, period: Period, /) -> Iterator[Payment]:
        ended = {"ended_at": _within(period), "state": RefundState.SUCCEEDED.value}
        wanted = {"refunds.ended_at": {"$type": "date"}, "refunds": {"$elemMatch": ended}}
        return self._pages(wanted, order=("_id",), index=REFUND_ENDED)

    def undecided(self, period: Period, /) -> Iterator[Payment]:
        """What is undecided always has a due time, so the index of due work holds all of it."""
        undecided = {"work.due_at": {"$type": "date"}, "state": {"$in": [state.value for state in UNDECIDED]}}
        rows = self._payments.find(undecided | {"created_at": _within(period)}, {"outbox": 0})
        return map(to_payment, rows)

    def _pages(self, wanted: Mapping[str, Any], *, order: tuple[str, ...], index: str) -> Iterator[Payment]:
        """A cursor ends with its time limit, however much there is to read; a page is read within it."""
        sort = [(field, ASCENDING) for field in order]
        after: Document = {}
        while True:
            asked = self._payments.find(
                {**wanted, **after}, {"outbox": 0}, sort=sort, limit=self._page_size, hint=index
            )
            rows = list(asked)
            yield from map(to_payment, rows)
            if len(rows) < self._page_size:
                return
            after = {"$or": list(_later(rows[-1], order))}


def _within(period: Period) -> Document:
    """The type is named for the partial indexes: from a comparison alone MongoDB does not conclude it."""
    return {"$type": "date", "$gte": period.begins_at, "$lt": period.ends_at}


def _later(row: Document, order: tuple[str, ...]) -> Iterator[Document]:
    for place, field in enumerate(order):
        yield {name: row[name] for name in order[:place]} | {field: {"$gt": row[field]}}
