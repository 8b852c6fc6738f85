"""Access tokens as JWT signed with Ed25519; the constants that every verifier knows are the chassis'."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from services.chassis.tokens import ALGORITHM, SUBSCRIBER_AUDIENCE, SUBSCRIBER_ISSUER
from services.identity.domain.ports import AccessToken


class JwtAccessTokens:
    """`AccessTokens` by joserfc. Signs with one key; shows the former ones too, until their last token has ended."""

    def __init__(self, *, key: OKPKey, former: Sequence[OKPKey] = (), lifetime: timedelta) -> None:
        """Raises ValueError for a key without an id, which no verifier could find."""
        if not key.kid:
            raise ValueError("the key of access tokens needs a kid")
        self._key = key
        self._lifetime = lifetime
        self._public = json.dumps({"keys": [each.as_dict(private=False) for each in (key, *former)]})

    def issue(self, *, subscriber_id: str, session_id: str, now: datetime) -> AccessToken:
        expires_at = now + self._lifetime
        claims = {
            "iss": SUBSCRIBER_ISSUER,
            "aud": SUBSCRIBER_AUDIENCE,
            "sub": subscriber_id,
            "sid": session_id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        text = jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, claims, self._key, algorithms=[ALGORITHM])
        return AccessToken(text=text, expires_at=expires_at)

    def json_web_key_set(self) -> str:
        return self._public

    def key_set(self) -> KeySet:
        """Return the public keys for identity's own verifier, which needs no call to get them."""
        return KeySet.import_key_set(json.loads(self._public))
