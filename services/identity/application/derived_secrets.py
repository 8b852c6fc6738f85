"""Secrets that are computed when needed and never stored: HMACs of an id under one secret of the service (I11).

Whoever reads the database finds ids and hashes; without the secret no code, state, verifier or token follows from them.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from services.chassis.pseudonyms import Pseudonyms

CODE_DIGITS = 8


class DerivedSecrets:
    """Everything that follows from the service's secret, each purpose under a key of its own."""

    def __init__(self, secret: bytes, /) -> None:
        """Raises ValueError for a secret that could be guessed."""
        if len(secret) < 32:
            raise ValueError("the secret of identity has at least 32 bytes")
        self._secret = secret
        self._pseudonyms = Pseudonyms(secret)

    def registration_code(self, registration_id: str, /) -> str:
        """Return the code that proves the address of a registration: 26.5 bits, of which five tries see little."""
        number = int.from_bytes(self.mac("registration-code", registration_id))
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def social_state(self, social_login_id: str, /) -> str:
        """Return the `state` of a social login."""
        return self._text("social-state", social_login_id)

    def social_nonce(self, social_login_id: str, /) -> str:
        """Return the `nonce` of a social login."""
        return self._text("social-nonce", social_login_id)

    def social_verifier(self, social_login_id: str, /) -> str:
        """Return the PKCE verifier of a social login (RFC 7636)."""
        return self._text("social-verifier", social_login_id)

    def pseudonym(self, *parts: str) -> str:
        """Return what stands for a login or an address where only equality matters, such as in counters."""
        return self._pseudonyms.of(*parts)

    def mac(self, purpose: str, text: str, /) -> bytes:
        """Return 256 bits that only the secret's holder can compute."""
        key = hmac.digest(self._secret, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, text.encode(), hashlib.sha256)

    def _text(self, purpose: str, text: str) -> str:
        return urlsafe_b64encode(self.mac(purpose, text)).decode().rstrip("=")


def hash_of(secret: str, /) -> str:
    """Return what is stored of a secret of 256 bits; one as long needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
