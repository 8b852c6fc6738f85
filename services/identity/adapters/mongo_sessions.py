"""Sessions in MongoDB; some days after they could last be used they vanish by a TTL index."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.saving import save_aggregate
from services.identity.domain.session import MOST_OPEN, Session, SessionNotFound
from services.identity.domain.subscriber import Subscriber

Document = dict[str, Any]

_KEPT_FOR = timedelta(days=2)


def sessions_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection."""
    return database["sessions"]


def ensure_session_indexes(database: Database[Document], /) -> None:
    """Make the indexes; without effect when they are there."""
    collection = sessions_of(database)
    collection.create_index([("subscriber_id", ASCENDING), ("created_at", DESCENDING)], name="by_subscriber")
    collection.create_index([("purge_at", ASCENDING)], name="purge", expireAfterSeconds=0)


class MongoSessionRepository:
    """`SessionRepository` on MongoDB."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = sessions_of(database)

    def get(self, session_id: str, /) -> Session:
        document = self._collection.find_one({"_id": session_id})
        if document is None:
            raise SessionNotFound("There is no such session.")
        return _from_document(document)

    def save(self, session: Session, /) -> None:
        save_aggregate(
            self._collection,
            session,
            document_id=session.session_id,
            document=_to_document(session),
        )

    def list_open(self, subscriber: Subscriber, /, *, now: datetime, beyond: int = 0) -> Sequence[Session]:
        mine = {"subscriber_id": subscriber.subscriber_id, "ended_at": None, "expires_at": {"$gt": now}}
        newest_first = [("created_at", DESCENDING), ("_id", DESCENDING)]
        found = self._collection.find(mine | _admitted(subscriber), sort=newest_first, skip=beyond, limit=MOST_OPEN)
        return [_from_document(document) for document in found]


def _admitted(subscriber: Subscriber) -> Document:
    """What `Subscriber.admits` says, as a query."""
    of_epoch: Document = {"credentials_epoch": subscriber.credentials_epoch}
    return {"$or": [of_epoch, {"_id": subscriber.kept_session_id}]} if subscriber.kept_session_id else of_epoch


def _to_document(session: Session) -> Document:
    return {
        "subscriber_id": session.subscriber_id,
        "credentials_epoch": session.credentials_epoch,
        "user_agent": session.user_agent,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "generation": session.generation,
        "current_hash": session.current_hash,
        "previous_hash": session.previous_hash,
        "rotated_at": session.rotated_at,
        "ended_at": session.ended_at,
        "purge_at": session.expires_at + _KEPT_FOR,
    }


def _from_document(document: Document) -> Session:
    return Session(
        session_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        credentials_epoch=document["credentials_epoch"],
        user_agent=document["user_agent"],
        created_at=document["created_at"],
        last_used_at=document["last_used_at"],
        expires_at=document["expires_at"],
        generation=document["generation"],
        current_hash=document["current_hash"],
        previous_hash=document["previous_hash"],
        rotated_at=document["rotated_at"],
        ended_at=document["ended_at"],
        version=document["version"],
    )
