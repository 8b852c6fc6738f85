"""Signed words of autopay links: what the link says and its HMAC; nothing is stored that would open anything."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from services.payments.domain.autopay_link import AutopayLink, LinkAction

_MAC_BYTES = 16


class HmacAutopayLinks:
    """Meets `AutopayLinks`. The key is derived from a secret of the service for this purpose alone."""

    def __init__(self, secret: bytes, /) -> None:
        if len(secret) < 32:
            raise ValueError("the secret of autopay links is too short")
        self._key = hmac.digest(secret, b"autopay-links", "sha256")

    def token_of(self, link: AutopayLink, /) -> str:
        expires_s = int(link.expires_at.timestamp())
        parts = (link.action.value, link.autopay_rule_id, link.period, str(link.rule_version), str(expires_s))
        said = " ".join(parts).encode()
        return urlsafe_b64encode(self._mac(said) + said).decode().rstrip("=")

    def link_of(self, token: str, /) -> AutopayLink | None:
        raw = _decoded(token)
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac(raw[_MAC_BYTES:])):
            return None
        action, rule_id, period, version, expires_s = raw[_MAC_BYTES:].decode().split(" ")
        return AutopayLink(
            action=LinkAction(action),
            autopay_rule_id=rule_id,
            period=period,
            rule_version=int(version),
            expires_at=datetime.fromtimestamp(int(expires_s), UTC),
        )

    def _mac(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")[:_MAC_BYTES]


def _decoded(token: str) -> bytes:
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:  # also for text beyond ASCII
        return b""
