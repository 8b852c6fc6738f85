"""Exchanging a refresh token: each is good once, and one that comes back ends the whole session (RFC 9700, 4.14.2)."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.application.derived_secrets import hash_of
from services.identity.application.open_session import TokenPair, Tokens
from services.identity.application.repeating import repeated_on_conflict
from services.identity.application.signed_in import SignedIn
from services.identity.domain.ports import SessionRepository
from services.identity.domain.session import SessionEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSession:
    """Gives the next pair of tokens.

    Of several exchanges of one token at once, one rotates and the others, within the grace, get the same successor.
    """

    sessions: SessionRepository
    signed_in: SignedIn
    tokens: TokenPair
    clock: Clock

    def __call__(self, refresh_token: str, /) -> Tokens:
        """Return the new tokens. Raises `SessionEnded`."""
        claim = self.tokens.refresh_tokens.read(refresh_token)
        if claim is None:
            raise SessionEnded
        return repeated_on_conflict(lambda: self._exchange(claim.session_id, hash_of(refresh_token)))

    def _exchange(self, session_id: str, token_hash: str) -> Tokens:
        now = self.clock.now()
        _, session = self.signed_in(session_id=session_id)
        if session.is_current(token_hash):
            session.rotate(hash_of(self.tokens.refresh_token(session_id, session.generation + 1)), now=now)
            self.sessions.save(session)
        elif not session.is_in_grace(token_hash, now=now):
            session.end(now=now)
            self.sessions.save(session)
            raise SessionEnded
        return self.tokens.of(session, now=now)
