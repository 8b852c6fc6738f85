"""Tokens of confirmation links: an id and its HMAC, so that what the database holds opens nothing."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

_MAC_BYTES = 16
_ID_BYTES = 16
_PREFIX = "cnf_"


class HmacConfirmationTokens:
    """Meets `ConfirmationTokens`: 128 random bits and a MAC of 128 bits, as 43 characters fit for a URL."""

    def __init__(self, secret: bytes, /) -> None:
        if len(secret) < 16:
            raise ValueError("the secret of confirmation links is too short")
        self._secret = secret

    def token_of(self, confirmation_id: str, /) -> str:
        raw = bytes.fromhex(confirmation_id.removeprefix(_PREFIX))
        return urlsafe_b64encode(raw + self._mac(raw)).decode().rstrip("=")

    def confirmation_id_of(self, token: str, /) -> str | None:
        raw = _decoded(token)
        if raw is None or not hmac.compare_digest(raw[_ID_BYTES:], self._mac(raw[:_ID_BYTES])):
            return None
        return f"{_PREFIX}{raw[:_ID_BYTES].hex()}"

    def _mac(self, raw: bytes) -> bytes:
        return hmac.digest(self._secret, b"bill-delivery-confirmation:" + raw, "sha256")[:_MAC_BYTES]


def _decoded(token: str) -> bytes | None:
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:  # also for text beyond ASCII
        return None
    return raw if len(raw) == _ID_BYTES + _MAC_BYTES else None
