"""What identity needs from outside; how it is met, adapters know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.identity.domain.registration import LetterDue, Registration
from services.identity.domain.session import Session
from services.identity.domain.social_account import ProviderName, SocialAccount
from services.identity.domain.social_login import SocialLogin
from services.identity.domain.subscriber import SocialIdentity, Subscriber


class RegistrationRepository(Protocol):
    """Registrations; old ones vanish by themselves."""

    def get(self, registration_id: str, /) -> Registration:
        """Return a registration. Raises `RegistrationNotFound`."""
        ...

    def save(self, registration: Registration, /) -> None:
        """Save it and move its version. Raises `VersionConflict`."""
        ...

    def claim_due(self) -> Registration | None:
        """Return one whose next step is due, for this caller alone for a while; None when there is none."""
        ...


class SubscriberRepository(Protocol):
    """Subscribers, no two of them with one login, one verified address or one social account."""

    def get(self, subscriber_id: str, /) -> Subscriber:
        """Return a subscriber. Raises `SubscriberNotFound`."""
        ...

    def find_by_login(self, login: str, /) -> Subscriber | None:
        """Return the owner of a canonical login."""
        ...

    def find_by_email(self, email: str, /) -> Subscriber | None:
        """Return the owner of a verified address, in whatever case its letters are."""
        ...

    def find_by_social_identity(self, identity: SocialIdentity, /) -> Subscriber | None:
        """Return who enters by a social account."""
        ...

    def save(self, subscriber: Subscriber, /) -> None:
        """Save them and their events. Raises `VersionConflict`, `LoginTaken`, `SocialIdentityTaken`."""
        ...


class SessionRepository(Protocol):
    """Sessions; those long ended vanish by themselves."""

    def get(self, session_id: str, /) -> Session:
        """Return a session. Raises `SessionNotFound`."""
        ...

    def save(self, session: Session, /) -> None:
        """Save it and move its version. Raises `VersionConflict`."""
        ...

    def list_open(self, subscriber: Subscriber, /, *, now: datetime, beyond: int = 0) -> Sequence[Session]:
        """Return the sessions that go on and that the subscriber admits, newest first, at most 100; `beyond` leaves
        that many of the newest out."""
        ...


class SocialLoginRepository(Protocol):
    """Social logins under way; old ones vanish by themselves."""

    def get(self, social_login_id: str, /) -> SocialLogin:
        """Return one. Raises `SocialLoginNotFound`."""
        ...

    def get_by_state(self, state_hash: str, /) -> SocialLogin:
        """Return the one that was begun with a state. Raises `SocialLoginNotFound`."""
        ...

    def save(self, login: SocialLogin, /) -> None:
        """Save it and move its version. Raises `VersionConflict`."""
        ...


class PasswordHasher(Protocol):
    """Slow hashing of passwords."""

    def hash(self, password: str, /) -> str:
        """Return the hash to keep. Raises `Unavailable` when too many wait for theirs already."""
        ...

    def matches(self, password: str, password_hash: str | None, /) -> bool:
        """Say whether the password is the one hashed; without a hash do the same work and say no."""
        ...

    def is_outdated(self, password_hash: str, /) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        ...


class Throttle(Protocol):
    """Counts attempts by key, for all replicas together."""

    def hit(self, rate: str, /, *key: str) -> int | None:
        """Count an attempt against a rate such as `10/15 minutes`; return the seconds to wait if it is one too many."""
        ...

    def forget(self, rate: str, /, *key: str) -> None:
        """Count from nothing again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A signed access token and its end."""

    text: str
    expires_at: datetime


class AccessTokens(Protocol):
    """Signs access tokens."""

    def issue(self, *, subscriber_id: str, session_id: str, now: datetime) -> AccessToken:
        """Return a token that every service of the suite accepts until it ends."""
        ...

    def json_web_key_set(self) -> str:
        """Return the public keys as JSON (RFC 7517)."""
        ...


class Delivery(Enum):
    """What became of a letter."""

    TAKEN = "taken"
    LATER = "later"  # not, or not certainly, taken now: try again
    NEVER = "never"  # refused for good


class Postman(Protocol):
    """Writes a letter of a kind in the reader's language and hands it to the mail server."""

    def deliver(self, letter: LetterDue, /, *, reference: str, values: Mapping[str, str]) -> Delivery:
        """Send a letter. Tries of one letter have one `reference`, so that mailboxes can tell a second copy."""
        ...


class SocialProviders(Protocol):
    """The social networks, by OpenID Connect."""

    def names(self) -> Sequence[ProviderName]:
        """Return them in the order to show."""
        ...

    def authorization_url(self, provider: str, /, *, state: str, nonce: str, verifier: str, return_url: str) -> str:
        """Return where to send a browser. Raises `SocialProviderNotFound` and `SocialProviderUnavailable`."""
        ...

    def redeem(self, provider: str, /, *, code: str, nonce: str, verifier: str, return_url: str) -> SocialAccount:
        """Exchange a code for who it speaks for.

        Raises `SocialLoginRefused` when anything about the answer does not hold, `SocialProviderUnavailable` when there
        is none.
        """
        ...
