"""Who means to pay what, in MongoDB: one document per meaning, taken by one atomic update; old ones drop out."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.payments.domain.similar_payment import Claim, Intent

Document = dict[str, Any]

_KEPT_FOR_S = 7 * 86_400  # far longer than anybody is asked: nothing hangs on it but room


class MongoIntentRegister:
    """See IntentRegister."""

    def __init__(self, database: Database[Document], /) -> None:
        self._intents = database["payment_intents"]

    def ensure_indexes(self) -> None:
        """The id is what makes two of one meaning meet; the other one forgets."""
        self._intents.create_index([("at", ASCENDING)], name="forgotten", expireAfterSeconds=_KEPT_FOR_S)

    def claim(self, intent: Intent, /, *, now: datetime, older_than: datetime) -> Claim | None:
        """Upsert where nobody, the same request or an old one holds it; of several at once the `_id` lets one in."""
        free = {"$or": [{"at": {"$lte": older_than}}, {"request_id": intent.request_id}]}
        try:
            self._intents.update_one({"_id": intent.meaning} | free, _claimed(intent, now), upsert=True)
        except DuplicateKeyError:
            held = self._intents.find_one({"_id": intent.meaning})
            return None if held is None else Claim(request_id=held["request_id"], at=held["at"])
        return None

    def take_over(self, intent: Intent, held: Claim, /, *, now: datetime) -> bool:
        found = self._intents.update_one(
            {"_id": intent.meaning, "request_id": held.request_id, "at": held.at}, _claimed(intent, now)
        )
        return found.matched_count == 1

    def take(self, intent: Intent, /, *, now: datetime) -> None:
        self._intents.update_one({"_id": intent.meaning}, _claimed(intent, now), upsert=True)

    def release(self, intent: Intent, /) -> None:
        self._intents.delete_one({"_id": intent.meaning, "request_id": intent.request_id})


def _claimed(intent: Intent, now: datetime) -> Document:
    return {"$set": {"request_id": intent.request_id, "at": now}}
