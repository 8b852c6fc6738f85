"""Counters of wrong proofs and of codes in MongoDB; they end by themselves."""

from typing import Any

from pymongo.database import Database

from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipAttempts
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoAttemptsRepository:
    """Collection `ownership_attempts`; it holds no proof and no address, only when attempts were made."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["ownership_attempts"]

    def ensure_indexes(self) -> None:
        """Let MongoDB remove what no longer counts; a counter without attempts has no date and is reused."""
        self._collection.create_index("forgotten_at", name="forget", expireAfterSeconds=0)

    def get(self, attempts_key: str, /, *, limit: AttemptLimit) -> OwnershipAttempts:
        document = self._collection.find_one({"_id": attempts_key}) or {"made_at": [], "version": 0}
        return OwnershipAttempts(
            attempts_key=attempts_key, limit=limit, made_at=document["made_at"], version=document["version"]
        )

    def save(self, attempts: OwnershipAttempts, /) -> None:
        save_aggregate(
            self._collection,
            attempts,
            document_id=attempts.attempts_key,
            document={"made_at": attempts.made_at, "forgotten_at": attempts.forgotten_at},
        )
