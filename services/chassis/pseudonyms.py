"""What stands for a person or an address where only equality matters: in counters, in words for others."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

_LEAST_BYTES = 32


class Pseudonyms:
    """HMACs under a secret of the service: whoever reads the database learns nothing by trying all addresses."""

    def __init__(self, secret: bytes, /) -> None:
        """Raises ValueError for a secret that could be guessed."""
        if len(secret) < _LEAST_BYTES:
            raise ValueError(f"a secret for pseudonyms has at least {_LEAST_BYTES} bytes")
        self._key = hmac.digest(secret, b"pseudonym", hashlib.sha256)

    def of(self, *parts: str) -> str:
        """Return the pseudonym of a text, or of several that belong together."""
        digest = hmac.digest(self._key, "\n".join(parts).encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")
