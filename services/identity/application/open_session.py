"""Opening a session, however the subscriber proved who they are, and the tokens that come of one."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.identity.application.derived_secrets import hash_of
from services.identity.application.refresh_tokens import RefreshTokens
from services.identity.domain.ports import AccessTokens, SessionRepository
from services.identity.domain.session import MOST_OPEN, RefreshClaim, Session
from services.identity.domain.subscriber import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client holds of a session."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """Makes the tokens of a session as it stands."""

    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens

    def of(self, session: Session, /, *, now: datetime) -> Tokens:
        """Return a new access token and the refresh token of the session's generation."""
        access = self.access_tokens.issue(subscriber_id=session.subscriber_id, session_id=session.session_id, now=now)
        return Tokens(
            access_token=access.text,
            refresh_token=self.refresh_token(session.session_id, session.generation),
            expires_at=access.expires_at,
            session_id=session.session_id,
        )

    def refresh_token(self, session_id: str, generation: int, /) -> str:
        """Return the refresh token of a generation."""
        return self.refresh_tokens.make(RefreshClaim(session_id=session_id, generation=generation))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Opens a session for a subscriber who has just proved who they are."""

    sessions: SessionRepository
    tokens: TokenPair
    clock: Clock

    def __call__(self, subscriber: Subscriber, /, *, user_agent: str) -> Tokens:
        """Save the session and return its tokens; of more than 100 the oldest end."""
        now = self.clock.now()
        session = Session.open(
            subscriber_id=subscriber.subscriber_id,
            credentials_epoch=subscriber.credentials_epoch,
            user_agent=user_agent,
            now=now,
        )
        session.issue(hash_of(self.tokens.refresh_token(session.session_id, session.generation)))
        self._make_room(subscriber, now=now)
        self.sessions.save(session)
        return self.tokens.of(session, now=now)

    def _make_room(self, subscriber: Subscriber, *, now: datetime) -> None:
        """End what would be too many; one that is being refreshed at this moment, when the next session is opened."""
        for oldest in self.sessions.list_open(subscriber, now=now, beyond=MOST_OPEN - 1):
            oldest.end(now=now)
            with suppress(VersionConflict):
                self.sessions.save(oldest)
