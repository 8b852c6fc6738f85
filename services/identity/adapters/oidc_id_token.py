"""Believing an ID token, or not (OpenID Connect Core 1.0, 3.1.3.7); no I/O."""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from services.identity.domain.social_account import SocialAccount
from services.identity.domain.social_login import SocialLoginRefused
from services.identity.domain.subscriber import SocialIdentity

# Signatures by a key of the provider only: neither "none" nor one made with our own client secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
_LEEWAY_S = 30
_OLDEST_S = 600
_LONGEST_SUBJECT = 255


class KeyUnknown(Exception):
    """The token names a key that is not among those at hand: the provider may have a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime


def account_of(id_token: str, /, *, keys: KeySet, expected: Expected) -> SocialAccount:
    """Return who a token vouches for. Raises `SocialLoginRefused` and `KeyUnknown`."""
    try:
        claims = jwt.decode(id_token, _key_of(id_token, keys), algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused("its signature") from error
    _check(claims, expected)
    return SocialAccount(
        identity=SocialIdentity(issuer=expected.issuer, subject=claims["sub"]),
        display_name=_text(claims, "name"),
        language="en" if _text(claims, "locale").lower().startswith("en") else "ru",
    )


def _key_of(id_token: str, keys: KeySet) -> Key:
    header = id_token.split(".", 1)[0]
    key_id = json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4))).get("kid")
    found = [key for key in keys.keys if key_id is None or key.kid == key_id]
    if not found and key_id is not None:
        raise KeyUnknown
    if len(found) != 1:
        raise ValueError("the token does not say which key signed it")
    return found[0]


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    now = expected.now.timestamp()
    rules = {
        "its issuer": claims.get("iss") == expected.issuer,
        "its audience": _is_for_us(claims, expected.client_id),
        "its end": _number(claims, "exp") + _LEEWAY_S > now,
        "its beginning": now - _OLDEST_S < _number(claims, "iat") < now + _LEEWAY_S,
        "its nonce": hmac.compare_digest(_text(claims, "nonce").encode(), expected.nonce.encode()),
        "its subject": 0 < len(_text(claims, "sub")) <= _LONGEST_SUBJECT,
    }
    for what, holds in rules.items():
        if not holds:
            raise _refused(what)


def _is_for_us(claims: Mapping[str, Any], client_id: str) -> bool:
    audience = claims.get("aud")
    everybody = audience if isinstance(audience, list) else [audience]
    authorized = claims.get("azp", client_id if len(everybody) == 1 else None)
    return client_id in everybody and authorized == client_id


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _refused(what: str) -> SocialLoginRefused:
    return SocialLoginRefused(f"The provider's token does not hold: {what}.")
