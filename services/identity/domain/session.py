"""A session: one device that is logged in, and the rotation of its refresh token (RFC 9700, 4.14.2)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind
from services.chassis.ids import new_id

GRACE = timedelta(seconds=10)
IDLE = timedelta(days=30)
LONGEST = timedelta(days=180)
LONGEST_USER_AGENT = 200
MOST_OPEN = 100


class SessionEnded(DomainError):
    """The session is over: ended, expired, or a used-up refresh token came back."""

    reason = "SESSION_ENDED"
    kind = Kind.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("The session has ended.")


class SessionNotFound(DomainError):
    """The subscriber has no such session."""

    reason = "SESSION_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaim:
    """What a genuine refresh token says; a text that the suite did not make never becomes one."""

    session_id: str
    generation: int


@dataclass(slots=True, kw_only=True)
class Session:
    """A family of refresh tokens, of which one is good at a time.

    `generation` counts them; `current_hash` and `previous_hash` are what the database knows of the last two.
    """

    session_id: str
    subscriber_id: str
    credentials_epoch: int
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    generation: int = 0
    current_hash: str = ""
    previous_hash: str | None = None
    rotated_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 0

    @classmethod
    def open(cls, *, subscriber_id: str, credentials_epoch: int, user_agent: str, now: datetime) -> "Session":
        """Begin a session; it is of no use before its first refresh token is recorded by `issue`."""
        return cls(
            session_id=new_id("ses"),
            subscriber_id=subscriber_id,
            credentials_epoch=credentials_epoch,
            user_agent=user_agent[:LONGEST_USER_AGENT],
            created_at=now,
            last_used_at=now,
            expires_at=now + IDLE,
        )

    def issue(self, token_hash: str, /) -> None:
        """Record the first refresh token."""
        self.current_hash = token_hash

    def is_open(self, *, now: datetime) -> bool:
        """Say whether the session goes on."""
        return self.ended_at is None and now < self.expires_at

    def is_current(self, token_hash: str, /) -> bool:
        """Say whether the token is the one to exchange."""
        return hmac.compare_digest(token_hash, self.current_hash)

    def is_in_grace(self, token_hash: str, /, *, now: datetime) -> bool:
        """Say whether the token is the immediately preceding one and was used up only just now.

        Two tabs refresh at once, or an answer gets lost on the way: that is nobody's theft.
        """
        if self.previous_hash is None or self.rotated_at is None:
            return False
        return hmac.compare_digest(token_hash, self.previous_hash) and now - self.rotated_at <= GRACE

    def rotate(self, token_hash: str, /, *, now: datetime) -> None:
        """Put the next refresh token in force and the present one out of it."""
        self.generation += 1
        self.previous_hash, self.current_hash = self.current_hash, token_hash
        self.rotated_at = self.last_used_at = now
        self.expires_at = min(now + IDLE, self.created_at + LONGEST)

    def end(self, *, now: datetime) -> None:
        """End it; ending it again changes nothing."""
        self.ended_at = self.ended_at or now
