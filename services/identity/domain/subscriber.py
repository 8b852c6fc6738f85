"""A subscriber: a person with a way to log in. Sessions are aggregates of their own."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from services.chassis.errors import DomainError, FieldInvalid, Kind
from services.chassis.events import Event
from services.chassis.ids import new_id
from services.identity.domain.consent import Consent
from services.identity.domain.events import Channel, SubscriberRegistered
from services.identity.domain.language import chosen_language
from services.identity.domain.registration import Registration
from services.identity.domain.session import Session

LONGEST_NAME = 100


class SubscriberNotFound(DomainError):
    """There is no such subscriber."""

    reason = "SUBSCRIBER_NOT_FOUND"
    kind = Kind.NOT_FOUND


class NoPassword(DomainError):
    """The subscriber enters by a social network only: there is no password to change."""

    reason = "NO_PASSWORD"
    kind = Kind.FAILED_PRECONDITION


class LoginTaken(Exception):
    """Another subscriber has the login or the address: known inside only, callers are answered as if it were not."""


class SocialIdentityTaken(Exception):
    """Another subscriber came to be by the same social account at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialIdentity:
    """An account at a social network. Only (issuer, subject) identify it, never an e-mail."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """A social account by which the subscriber may enter."""

    identity: SocialIdentity
    linked_at: datetime


@dataclass(slots=True, kw_only=True)
class Subscriber:
    """A person with a login, a social account, or both."""

    subscriber_id: str
    login: str | None
    password_hash: str | None
    email: str | None  # verified, or none at all
    display_name: str
    language: str
    social_identities: tuple[LinkedIdentity, ...]
    consents: tuple[Consent, ...]
    created_at: datetime
    credentials_epoch: int = 0
    kept_session_id: str | None = None
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def of_registration(cls, registration: Registration, /, *, now: datetime) -> "Subscriber":
        """Return the subscriber of a confirmed registration: always the same one, however often it is tried."""
        subscriber = cls(
            subscriber_id=registration.subscriber_id,
            login=registration.login,
            password_hash=registration.password_hash,
            email=registration.email,
            display_name="",
            language=registration.language,
            social_identities=(),
            consents=registration.consents,
            created_at=now,
        )
        subscriber._announce(Channel.REGISTRATION)
        return subscriber

    @classmethod
    def of_social_identity(
        cls, identity: SocialIdentity, /, *, display_name: str, language: str, now: datetime
    ) -> "Subscriber":
        """Return a new subscriber who enters by a social account; nobody vouched for an address, so there is none."""
        subscriber = cls(
            subscriber_id=new_id("sub"),
            login=None,
            password_hash=None,
            email=None,
            display_name=_tidy(display_name)[:LONGEST_NAME],
            language=language,
            social_identities=(LinkedIdentity(identity=identity, linked_at=now),),
            consents=(),
            created_at=now,
        )
        subscriber._announce(Channel.SOCIAL)
        return subscriber

    def rename(self, display_name: str, /) -> None:
        """Change how to address them. Raises `FieldInvalid`."""
        name = _tidy(display_name)
        if len(name) > LONGEST_NAME:
            raise FieldInvalid(field="display_name", rule=f"at most {LONGEST_NAME} characters")
        self.display_name = name

    def speak(self, language: str, /) -> None:
        """Change the language. Raises `FieldInvalid`."""
        self.language = chosen_language(language)

    def require_password(self) -> str:
        """Return the hash of the password in force. Raises `NoPassword`."""
        if self.password_hash is None:
            raise NoPassword("There is no password: you enter by a social network.")
        return self.password_hash

    def change_password(self, password_hash: str, /, *, session_id: str) -> None:
        """Put a new password in force; by the same save every session but the one that asks has ended."""
        self.password_hash = password_hash
        self.credentials_epoch += 1
        self.kept_session_id = session_id

    def rehash(self, password_hash: str, /) -> None:
        """Keep the same password under today's parameters; nobody's session ends for that."""
        self.password_hash = password_hash

    def admits(self, session: Session, /) -> bool:
        """Say whether the session was opened under the credentials in force."""
        return session.credentials_epoch == self.credentials_epoch or session.session_id == self.kept_session_id

    def _announce(self, channel: Channel) -> None:
        self.pending_events.append(
            SubscriberRegistered(subscriber_id=self.subscriber_id, channel=channel, registered_at=self.created_at)
        )


def _tidy(text: str) -> str:
    """Return a name without spaces around and without characters that only move a cursor."""
    printable = (character for character in text if unicodedata.category(character)[0] != "C")
    return "".join(printable).strip()
