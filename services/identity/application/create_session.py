"""Logging in by login and password: one answer for an unknown login and a wrong password, for the same work."""

from dataclasses import dataclass

from services.chassis.errors import DomainError, Kind, VersionConflict
from services.identity.application.open_session import OpenSession, Tokens
from services.identity.application.throttling import Attempts
from services.identity.domain.login import canonical_login
from services.identity.domain.ports import PasswordHasher, SubscriberRepository
from services.identity.domain.subscriber import Subscriber


class CredentialsWrong(DomainError):
    """Login and password do not belong together; which of them is wrong is not said."""

    reason = "CREDENTIALS_WRONG"
    kind = Kind.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("Login or password is wrong.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession:
    """Checks a password and opens a session."""

    subscribers: SubscriberRepository
    hasher: PasswordHasher
    attempts: Attempts
    open_session: OpenSession

    def __call__(self, *, login: str, password: str, ip_address: str, user_agent: str) -> Tokens:
        """Return the tokens of a new session.

        Raises `LoginIsRegional` before any look-up (F06), `TooManyAttempts`, `CredentialsWrong`.
        """
        canonical = canonical_login(login)
        self.attempts.log_in(login=canonical, ip_address=ip_address)
        subscriber = self.subscribers.find_by_login(canonical)
        password_hash = subscriber.password_hash if subscriber else None
        if not self.hasher.matches(password, password_hash) or subscriber is None:
            raise CredentialsWrong
        self.attempts.logged_in(login=canonical, ip_address=ip_address)
        self._renew_hash(subscriber, password)
        return self.open_session(subscriber, user_agent=user_agent)

    def _renew_hash(self, subscriber: Subscriber, password: str) -> None:
        """Only now is the password at hand; who loses a race here renews it at the next login."""
        if subscriber.password_hash is None or not self.hasher.is_outdated(subscriber.password_hash):
            return
        subscriber.rehash(self.hasher.hash(password))
        try:
            self.subscribers.save(subscriber)
        except VersionConflict:
            return
