"""The cursor of receipts: one small document."""

from datetime import datetime
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

_ID = "regional_bills"


class MongoReceiptCursor:
    """Meets `ReceiptCursor`. The greater moment wins, so that replicas need not agree on whose turn it is."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["cursors"]

    def get(self) -> datetime | None:
        document = self._collection.find_one({"_id": _ID})
        seen_until: datetime | None = document["received_at"] if document else None
        return seen_until

    def advance(self, received_at: datetime, /) -> None:
        self._collection.update_one({"_id": _ID}, {"$max": {"received_at": received_at}}, upsert=True)
