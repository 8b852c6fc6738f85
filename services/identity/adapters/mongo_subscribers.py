"""Subscribers in MongoDB; unique indexes carry that a login, an address and a social account have one owner."""

from typing import Any, NoReturn

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.chassis.mongo import exactly
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.identity.adapters.mongo_consents import consents_from_document, consents_to_document
from services.identity.domain.subscriber import (
    LinkedIdentity,
    LoginTaken,
    SocialIdentity,
    SocialIdentityTaken,
    Subscriber,
    SubscriberNotFound,
)

Document = dict[str, Any]

_ISSUER = "social_identities.issuer"
_SUBJECT = "social_identities.subject"


def subscribers_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, whose documents also hold the outbox of the service."""
    return database["subscribers"]


def ensure_subscriber_indexes(database: Database[Document], /) -> None:
    """Make the indexes; without effect when they are there."""
    collection = subscribers_of(database)
    for field in ("login", "email_key"):
        collection.create_index(
            [(field, ASCENDING)], name=field, unique=True, partialFilterExpression={field: {"$type": "string"}}
        )
    collection.create_index(
        [(_ISSUER, ASCENDING), (_SUBJECT, ASCENDING)],
        name="social_identity",
        unique=True,
        partialFilterExpression={_ISSUER: {"$type": "string"}},
    )
    ensure_outbox_index(collection)


class MongoSubscriberRepository:
    """`SubscriberRepository` on MongoDB."""

    def __init__(self, database: Database[Document], *, clock: Clock) -> None:
        self._collection = subscribers_of(database)
        self._clock = clock

    def get(self, subscriber_id: str, /) -> Subscriber:
        found = self._find({"_id": subscriber_id})
        if found is None:
            raise SubscriberNotFound("There is no such subscriber.")
        return found

    def find_by_login(self, login: str, /) -> Subscriber | None:
        return self._find({"login": exactly(login)})

    def find_by_email(self, email: str, /) -> Subscriber | None:
        return self._find({"email_key": exactly(email.casefold())})

    def find_by_social_identity(self, identity: SocialIdentity, /) -> Subscriber | None:
        return self._find(
            {
                _ISSUER: exactly(identity.issuer),  # lets the partial index be used
                "social_identities": {"$elemMatch": {"issuer": identity.issuer, "subject": identity.subject}},
            }
        )

    def save(self, subscriber: Subscriber, /) -> None:
        try:
            save_announcing(
                self._collection,
                subscriber,
                document_id=subscriber.subscriber_id,
                document=_to_document(subscriber),
                now=self._clock.now(),
            )
        except DuplicateKeyError as error:
            _explain(error)

    def _find(self, query: Document) -> Subscriber | None:
        document = self._collection.find_one(query, {"outbox": 0})
        return _from_document(document) if document else None


def _explain(error: DuplicateKeyError) -> NoReturn:
    if _ISSUER in (error.details or {}).get("keyPattern", {}):
        raise SocialIdentityTaken from None
    raise LoginTaken from None


def _to_document(subscriber: Subscriber) -> Document:
    return {
        "login": subscriber.login,
        "password_hash": subscriber.password_hash,
        "email": subscriber.email,
        "email_key": subscriber.email.casefold() if subscriber.email else None,
        "display_name": subscriber.display_name,
        "language": subscriber.language,
        "social_identities": [
            {"issuer": each.identity.issuer, "subject": each.identity.subject, "linked_at": each.linked_at}
            for each in subscriber.social_identities
        ],
        "consents": consents_to_document(subscriber.consents),
        "created_at": subscriber.created_at,
        "credentials_epoch": subscriber.credentials_epoch,
        "kept_session_id": subscriber.kept_session_id,
    }


def _from_document(document: Document) -> Subscriber:
    return Subscriber(
        subscriber_id=document["_id"],
        login=document["login"],
        password_hash=document["password_hash"],
        email=document["email"],
        display_name=document["display_name"],
        language=document["language"],
        social_identities=tuple(
            LinkedIdentity(
                identity=SocialIdentity(issuer=each["issuer"], subject=each["subject"]), linked_at=each["linked_at"]
            )
            for each in document["social_identities"]
        ),
        consents=consents_from_document(document["consents"]),
        created_at=document["created_at"],
        credentials_epoch=document["credentials_epoch"],
        kept_session_id=document["kept_session_id"],
        version=document["version"],
    )
