"""Checking that the session of an access token is still open: identity asks itself what others learn minutes later."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.domain.ports import SessionRepository, SubscriberRepository
from services.identity.domain.session import Session, SessionEnded, SessionNotFound
from services.identity.domain.subscriber import Subscriber, SubscriberNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Returns who a session belongs to, as long as it goes on."""

    sessions: SessionRepository
    subscribers: SubscriberRepository
    clock: Clock

    def __call__(self, *, session_id: str) -> tuple[Subscriber, Session]:
        """Return the subscriber and the session. Raises `SessionEnded`."""
        try:
            session = self.sessions.get(session_id)
            subscriber = self.subscribers.get(session.subscriber_id)
        except (SessionNotFound, SubscriberNotFound):
            raise SessionEnded from None
        if not session.is_open(now=self.clock.now()) or not subscriber.admits(session):
            raise SessionEnded
        return subscriber, session
