"""Who calls the region, and who the region is when it calls: short JWTs (EdDSA) bound to one callee each."""

import json
from datetime import timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from sandbox.chassis.clock import Clock
from sandbox.region import refusals

_ALGORITHM = "Ed25519"
_LIFETIME = timedelta(minutes=5)
_LEEWAY_S = 5


class Credentials:
    """The region's key, and the cabinet's public keys."""

    def __init__(self, *, region: str, key_file: Path, trust_file: Path, clock: Clock) -> None:
        self._name = f"region:{region}"
        self._key = OKPKey.import_key(json.loads(key_file.read_text()))
        self._trusted = KeySet.import_key_set(json.loads(trust_file.read_text()))
        self._clock = clock

    def token_for(self, callee: str, /) -> str:
        """Return a token by which `callee`, and nobody else, knows that the region calls."""
        now = self._clock.now()
        claims = {
            "iss": self._name,
            "aud": callee,
            "iat": int(now.timestamp()),
            "exp": int((now + _LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._name}, claims, self._key, algorithms=[_ALGORITHM])

    def admit(self, authorization: str, /) -> None:
        """Return when the caller is the cabinet's accounts service and speaks to this region; refuse when not."""
        scheme, _, token = authorization.partition(" ")
        try:
            claims = jwt.decode(token, self._trusted, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise refusals.not_the_cabinet() from error
        expired = claims.get("exp", 0) + _LEEWAY_S < self._clock.now().timestamp()
        if scheme != "Bearer" or claims.get("iss") != "accounts" or claims.get("aud") != self._name or expired:
            raise refusals.not_the_cabinet()
