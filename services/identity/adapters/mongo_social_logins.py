"""Social logins under way in MongoDB; they vanish by a TTL index."""

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.saving import save_aggregate
from services.identity.domain.social_login import SocialLogin, SocialLoginNotFound

Document = dict[str, Any]

_KEPT_FOR = timedelta(days=2)


def social_logins_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection."""
    return database["social_logins"]


def ensure_social_login_indexes(database: Database[Document], /) -> None:
    """Make the indexes; without effect when they are there."""
    collection = social_logins_of(database)
    collection.create_index([("state_hash", ASCENDING)], name="state", unique=True)
    collection.create_index([("purge_at", ASCENDING)], name="purge", expireAfterSeconds=0)


class MongoSocialLoginRepository:
    """`SocialLoginRepository` on MongoDB."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = social_logins_of(database)

    def get(self, social_login_id: str, /) -> SocialLogin:
        return self._get({"_id": social_login_id})

    def get_by_state(self, state_hash: str, /) -> SocialLogin:
        return self._get({"state_hash": state_hash})

    def save(self, login: SocialLogin, /) -> None:
        save_aggregate(
            self._collection,
            login,
            document_id=login.social_login_id,
            document=_to_document(login),
        )

    def _get(self, query: Document) -> SocialLogin:
        document = self._collection.find_one(query)
        if document is None:
            raise SocialLoginNotFound
        return _from_document(document)


def _to_document(login: SocialLogin) -> Document:
    return {
        "provider": login.provider,
        "return_url": login.return_url,
        "state_hash": login.state_hash,
        "browser_secret_hash": login.browser_secret_hash,
        "created_at": login.created_at,
        "expires_at": login.expires_at,
        "used_at": login.used_at,
        "purge_at": login.expires_at + _KEPT_FOR,
    }


def _from_document(document: Document) -> SocialLogin:
    return SocialLogin(
        social_login_id=document["_id"],
        provider=document["provider"],
        return_url=document["return_url"],
        state_hash=document["state_hash"],
        browser_secret_hash=document["browser_secret_hash"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        used_at=document["used_at"],
        version=document["version"],
    )
