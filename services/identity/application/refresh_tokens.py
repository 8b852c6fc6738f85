"""Refresh tokens: opaque to clients; to us a session, a generation and 256 bits that prove that we made it."""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.domain.session import RefreshClaim

_ID_BYTES = 16
_GENERATION_BYTES = 4
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokens:
    """Makes and reads refresh tokens.

    A token is computed rather than drawn: so a client whose answer got lost, or whose tabs refresh at once, is given
    the same successor again within the grace, and a forged token with somebody's session id ends nobody's session.
    """

    secrets: DerivedSecrets

    def make(self, claim: RefreshClaim, /) -> str:
        """Return the token of a generation of a session."""
        session = bytes.fromhex(claim.session_id.removeprefix("ses_"))
        generation = claim.generation.to_bytes(_GENERATION_BYTES)
        return urlsafe_b64encode(session + generation + self._mac(claim)).decode().rstrip("=")

    def read(self, token: str, /) -> RefreshClaim | None:
        """Return what a token says, None when we did not make it."""
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (ValueError, binascii.Error):
            return None
        if len(raw) != _ID_BYTES + _GENERATION_BYTES + _MAC_BYTES:
            return None
        claim = RefreshClaim(
            session_id=f"ses_{raw[:_ID_BYTES].hex()}",
            generation=int.from_bytes(raw[_ID_BYTES:-_MAC_BYTES]),
        )
        genuine = hmac.compare_digest(raw[-_MAC_BYTES:], self._mac(claim)) and self.make(claim) == token
        return claim if genuine else None

    def _mac(self, claim: RefreshClaim) -> bytes:
        return self.secrets.mac("refresh-token", f"{claim.session_id}:{claim.generation}")
