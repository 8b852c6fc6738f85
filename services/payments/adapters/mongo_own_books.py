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

_PAGE = 500


class MongoOwnBooks:
    """See OurBooks."""

    def __init__(self, database: Database[Document], /) -> None:
        self._payments = payments_collection(database)

    def captured(self, period: Period, /) -> Iterator[Payment]:
        return self._pages({"captured_at": _within(period)}, order=("captured_at", "_id"), index=CAPTURED)

    def refunded(self, period: Period, /) -> Iterator[Payment]:
        ended = {"ended_at": _within(period), "state": RefundState.SUCCEEDED.value}
        return self._pages({"refunds": {"$elemMatch": ended}}, order=("_id",), index=REFUND_ENDED)

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
            rows = list(self._payments.find({**wanted, **after}, {"outbox": 0}, sort=sort, limit=_PAGE, hint=index))
            yield from map(to_payment, rows)
            if len(rows) < _PAGE:
                return
            after = {"$or": list(_later(rows[-1], order))}


def _within(period: Period) -> Document:
    return {"$gte": period.begins_at, "$lt": period.ends_at}


def _later(row: Document, order: tuple[str, ...]) -> Iterator[Document]:
    for place, field in enumerate(order):
        yield {name: row[name] for name in order[:place]} | {field: {"$gt": row[field]}}
