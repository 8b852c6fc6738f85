"""How far the regions' journals are stored, and the records that were put aside, in MongoDB."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from services.accounts.domain.feed_journal import FeedJournal, FeedRejection
from services.chassis.saving import save_aggregate

Document = dict[str, Any]

_REJECTIONS_KEPT = timedelta(days=90)


class MongoFeedJournalRepository:
    """Collection `feed_journals`; `_id` is the region."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["feed_journals"]

    def get(self, region: str, /) -> FeedJournal:
        document = self._collection.find_one({"_id": region})
        if document is None:
            return FeedJournal(region=region)
        return FeedJournal(
            region=region,
            journal_id=document["journal_id"],
            position=document["position"],
            version=document["version"],
        )

    def save(self, journal: FeedJournal, /) -> None:
        document = {"journal_id": journal.journal_id, "position": journal.position}
        save_aggregate(self._collection, journal, document_id=journal.region, document=document)


class MongoFeedRejectionRepository:
    """Collection `feed_rejections`; `_id` is region, journal and position. They end by themselves after 90 days."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["feed_rejections"]

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        self._collection.create_index(
            "rejected_at", name="forget", expireAfterSeconds=int(_REJECTIONS_KEPT.total_seconds())
        )

    def keep(self, rejections: Sequence[FeedRejection], /) -> None:
        self._collection.bulk_write([_upsert(rejection) for rejection in rejections], ordered=False)


def _upsert(rejection: FeedRejection) -> UpdateOne:
    document = {
        "region": rejection.region,
        "journal_id": rejection.journal_id,
        "position": rejection.position,
        "reason": rejection.reason,
        "rule": rejection.rule,
        "rejected_at": rejection.rejected_at,
    }
    rejection_id = f"{rejection.region}:{rejection.journal_id}:{rejection.position}"
    return UpdateOne({"_id": rejection_id}, {"$setOnInsert": document}, upsert=True)
