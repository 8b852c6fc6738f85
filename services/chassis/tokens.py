"""Proof of who calls: short JWTs (EdDSA), issued to services and verified for everybody.

A subscriber's access token is signed by identity and is good at every service. A service or regional token is signed by
the caller's own key and names the one callee that it is for, so that a callee cannot use it against a third party.
"""

import json
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.chassis.caller import Caller, RegionCaller, ServiceCaller, SubscriberCaller
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, Kind

ALGORITHM = "Ed25519"  # RFC 9864: the fully specified name of what RFC 8037 calls EdDSA
SUBSCRIBER_ISSUER = "kabinet/identity"
SUBSCRIBER_AUDIENCE = "kabinet"
_LIFETIME = timedelta(minutes=5)
_RENEW_BEFORE = timedelta(minutes=1)
_LEEWAY_S = 5
_MOST_REMEMBERED = 10_000


class TokenInvalid(DomainError):
    """The token is malformed, expired, for somebody else, or signed by nobody we trust."""

    reason = "TOKEN_INVALID"
    kind = Kind.UNAUTHENTICATED


class ServiceTokens:
    """Issues this deployable's tokens, one per callee, and keeps each until shortly before it ends."""

    def __init__(self, *, name: str, key: OKPKey, clock: Clock) -> None:
        self._name = name
        self._key = key
        self._clock = clock
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._lock = Lock()

    def for_callee(self, callee: str, /) -> str:
        """Return a token that only `callee` ("accounts", "region:54") accepts."""
        now = self._clock.now()
        with self._lock:
            token, expires_at = self._kept.get(callee, ("", now))
            if expires_at - now < _RENEW_BEFORE or expires_at - now > _LIFETIME:
                token, expires_at = self._issue(callee, now), now + _LIFETIME
                self._kept[callee] = (token, expires_at)
        return token

    def _issue(self, callee: str, now: datetime) -> str:
        claims = {"iss": self._name, "aud": callee, "iat": _seconds(now), "exp": _seconds(now + _LIFETIME)}
        return jwt.encode({"alg": ALGORITHM, "kid": self._name}, claims, self._key, algorithms=[ALGORITHM])


class TokenVerifier:
    """Tells who a bearer token speaks for.

    `subscriber_keys` returns identity's current public keys for a key id, and raises `Unavailable` when it has never
    seen them and identity does not answer: then nobody is let in, and nobody is taken for anonymous.
    """

    def __init__(self, *, name: str, trusted: KeySet, subscriber_keys: Callable[[str], KeySet], clock: Clock) -> None:
        self._name = name
        self._trusted = {str(key.kid): key for key in trusted.keys if isinstance(key, OKPKey)}
        self._subscriber_keys = subscriber_keys
        self._clock = clock
        self._verified: OrderedDict[str, tuple[Caller, int]] = OrderedDict()
        self._lock = Lock()

    def verify(self, token: str, /) -> Caller:
        """Return the caller. Raises `TokenInvalid`, and `Unavailable` when identity's keys cannot be had.

        A token that was good stays good until it expires, so its signature is checked once: a subscriber's page makes
        the same service verify the same token many times within minutes.
        """
        caller, expires = self._known_or_proved(token)
        if expires + _LEEWAY_S < _seconds(self._clock.now()):
            raise TokenInvalid("The token has expired.")
        return caller

    def good_for_s(self, token: str, /) -> int:
        """Return how many seconds a token is still good: a call that lasts longer has outlived its credential."""
        _, expires = self._known_or_proved(token)
        return expires - _seconds(self._clock.now())

    def _known_or_proved(self, token: str) -> tuple[Caller, int]:
        with self._lock:
            known = self._verified.get(token)
        if known is not None:
            return known
        caller, expires = self._proved(token)
        self._remember(token, caller, expires)
        return caller, expires

    def _remember(self, token: str, caller: Caller, expires: int) -> None:
        with self._lock:
            self._verified[token] = (caller, expires)
            if len(self._verified) > _MOST_REMEMBERED:
                self._verified.popitem(last=False)

    def _proved(self, token: str) -> tuple[Caller, int]:
        try:
            key_id = _key_id(token)
            trusted = self._trusted.get(key_id)
            if trusted is not None:
                return self._service_or_region(token, trusted, key_id)
            return self._subscriber(token, self._subscriber_keys(key_id))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise TokenInvalid("The token is not valid.") from error

    def _service_or_region(self, token: str, key: OKPKey, name: str) -> tuple[Caller, int]:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        expires = _checked_expiry(claims, issuer=name, audience=self._name)
        kind, _, region = name.partition(":")
        return RegionCaller(region=region) if kind == "region" else ServiceCaller(name=name), expires

    def _subscriber(self, token: str, keys: KeySet) -> tuple[Caller, int]:
        claims = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
        expires = _checked_expiry(claims, issuer=SUBSCRIBER_ISSUER, audience=SUBSCRIBER_AUDIENCE)
        caller = SubscriberCaller(subscriber_id=str(claims["sub"]), session_id=str(claims["sid"]), access_token=token)
        return caller, expires


def load_private_key(path: Path, /) -> OKPKey:
    """Read an Ed25519 private key from a JWK file."""
    return OKPKey.import_key(json.loads(path.read_text()))


def load_trusted_keys(path: Path, /) -> KeySet:
    """Read the callers' public keys from a JWK set file; the `kid` of each is the caller's name."""
    return KeySet.import_key_set(json.loads(path.read_text()))


def _checked_expiry(claims: dict[str, object], *, issuer: str, audience: str) -> int:
    """Return when the token ends, in seconds, if it is meant for us."""
    expires = claims.get("exp")
    if claims.get("iss") != issuer or claims.get("aud") != audience or not isinstance(expires, int):
        raise TokenInvalid("The token is not valid here.")
    return expires


def _key_id(token: str) -> str:
    header = token.split(".", 1)[0]
    padded = header + "=" * (-len(header) % 4)
    return str(json.loads(urlsafe_b64decode(padded))["kid"])


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
