"""Seeing and ending one's sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.application.repeating import repeated_on_conflict
from services.identity.application.signed_in import SignedIn
from services.identity.domain.ports import SessionRepository
from services.identity.domain.session import Session, SessionNotFound

CURRENT = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSessions:
    """Lists the open sessions of whoever asks."""

    sessions: SessionRepository
    signed_in: SignedIn
    clock: Clock

    def __call__(self, *, session_id: str) -> Sequence[Session]:
        """Return them, newest first, the one that asks always among them. Raises `SessionEnded`."""
        subscriber, asking = self.signed_in(session_id=session_id)
        newest = self.sessions.list_open(subscriber, now=self.clock.now())
        is_listed = any(session.session_id == session_id for session in newest)
        return newest if is_listed else [*newest, asking]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    """Ends a session of whoever asks."""

    sessions: SessionRepository
    signed_in: SignedIn
    clock: Clock

    def __call__(self, target: str, /, *, subscriber_id: str, session_id: str) -> None:
        """End the session `target`, its id or "current"; a second time changes nothing.

        Raises `SessionNotFound` (also for another subscriber's), and `SessionEnded` when a session that is over tries
        to end another one than itself.
        """
        target_id = session_id if target == CURRENT else target
        if target_id != session_id:
            self.signed_in(session_id=session_id)
        repeated_on_conflict(lambda: self._end(target_id, subscriber_id))

    def _end(self, target_id: str, subscriber_id: str) -> None:
        session = self.sessions.get(target_id)
        if session.subscriber_id != subscriber_id:
            raise SessionNotFound("There is no such session.")
        if session.ended_at is None:
            session.end(now=self.clock.now())
            self.sessions.save(session)
