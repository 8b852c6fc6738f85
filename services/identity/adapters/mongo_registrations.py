"""Registrations in MongoDB; a day after their end they vanish by a TTL index."""

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.saving import save_aggregate
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.identity.adapters.mongo_consents import consents_from_document, consents_to_document
from services.identity.domain.registration import (
    LetterDue,
    LetterKind,
    Registration,
    RegistrationNotFound,
    State,
)

Document = dict[str, Any]

_KEPT_FOR = timedelta(days=2)  # longer than any clock is wrong: the server's own clock decides what a TTL index removes


def registrations_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection."""
    return database["registrations"]


def ensure_registration_indexes(database: Database[Document], /) -> None:
    """Make the indexes; without effect when they are there."""
    collection = registrations_of(database)
    ensure_work_index(collection)
    collection.create_index([("purge_at", ASCENDING)], name="purge", expireAfterSeconds=0)


class MongoRegistrationRepository:
    """`RegistrationRepository` on MongoDB."""

    def __init__(self, database: Database[Document], *, owner: str, clock: Clock) -> None:
        """`owner` names whoever claims due registrations here: one per process."""
        self._collection = registrations_of(database)
        self.due = DueWork(self._collection, owner=owner, clock=clock, lease_s=30.0)

    def get(self, registration_id: str, /) -> Registration:
        document = self._collection.find_one({"_id": registration_id})
        if document is None:
            raise RegistrationNotFound("There is no registration to confirm.")
        return _from_document(document)

    def save(self, registration: Registration, /) -> None:
        save_aggregate(
            self._collection,
            registration,
            document_id=registration.registration_id,
            document=_to_document(registration),
        )

    def claim_due(self) -> Registration | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _to_document(registration: Registration) -> Document:
    return {
        "subscriber_id": registration.subscriber_id,
        "login": registration.login,
        "email": registration.email,
        "password_hash": registration.password_hash,
        "consents": consents_to_document(registration.consents),
        "language": registration.language,
        "confirmable": registration.confirmable,
        "letters": [_letter_to_document(letter) for letter in registration.letters],
        "state": registration.state.value,
        "tries_left": registration.tries_left,
        "failures": registration.failures,
        "created_at": registration.created_at,
        "expires_at": registration.expires_at,
        "purge_at": registration.expires_at + _KEPT_FOR,
    } | work_fields(registration.due_at)


def _from_document(document: Document) -> Registration:
    return Registration(
        registration_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        login=document["login"],
        email=document["email"],
        password_hash=document["password_hash"],
        consents=consents_from_document(document["consents"]),
        language=document["language"],
        confirmable=document["confirmable"],
        letters=tuple(_letter_from_document(letter) for letter in document["letters"]),
        state=State(document["state"]),
        tries_left=document["tries_left"],
        failures=document["failures"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        due_at=due_at_of(document),
        version=document["version"],
    )


def _letter_to_document(letter: LetterDue) -> Document:
    return {"kind": letter.kind.value, "to": letter.to, "language": letter.language}


def _letter_from_document(document: Document) -> LetterDue:
    return LetterDue(kind=LetterKind(document["kind"]), to=document["to"], language=document["language"])
