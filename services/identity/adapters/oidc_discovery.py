"""What a provider says about itself (OpenID Connect Discovery 1.0) and its keys, asked for once in a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

import requests
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.identity.adapters.outbound_http import limit

Value = TypeVar("Value")

_KEEP_S = 3600.0
_KEYS_AT_MOST_EVERY_S = 10.0


class ProviderSilent(Exception):
    """The provider does not answer, or not with what the standard asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a provider does what."""

    authorization: str
    token: str
    keys: str


class Discovery:
    """One provider's endpoints and keys, as last seen."""

    def __init__(
        self, *, issuer: str, origins: frozenset[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._origins = origins
        self._endpoints = _Kept(self._ask_endpoints, monotonic)
        self._keys = _Kept(self._ask_keys, monotonic)

    def endpoints(self) -> Endpoints:
        """Return the endpoints. Raises `ProviderSilent`."""
        return self._endpoints.get(not_older_than_s=_KEEP_S)

    def keys(self) -> KeySet:
        """Return the keys. Raises `ProviderSilent`."""
        return self._keys.get(not_older_than_s=_KEEP_S)

    def newer_keys(self) -> KeySet:
        """Return the keys asked for anew, unless that was done moments ago: unknown keys are no load on others."""
        return self._keys.get(not_older_than_s=_KEYS_AT_MOST_EVERY_S)

    def _ask_endpoints(self) -> Endpoints:
        document = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:  # OIDC Discovery 4.3: exactly the same, or somebody else's
            raise ProviderSilent("another issuer")
        found = [document.get(f"{name}_endpoint") for name in ("authorization", "token")] + [document.get("jwks_uri")]
        if not all(isinstance(url, str) and url for url in found):
            raise ProviderSilent("no endpoints")
        authorization, token, keys = (str(url) for url in found)
        return Endpoints(authorization=authorization, token=token, keys=keys)

    def _ask_keys(self) -> KeySet:
        document = self._fetch(self.endpoints().keys)
        try:
            return KeySet.import_key_set({"keys": [key for key in document["keys"] if key.get("use", "sig") == "sig"]})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderSilent("no keys") from error

    def _fetch(self, url: str) -> dict[str, Any]:
        try:
            with requests.Session() as session:
                limit(session, origins=self._origins)
                response = session.get(url, headers={"Accept": "application/json"})
                response.raise_for_status()
                document = response.json()
        except (requests.RequestException, ValueError, OSError) as error:
            raise ProviderSilent(type(error).__name__) from error
        if not isinstance(document, dict):
            raise ProviderSilent("not an object")
        return document


class _Kept(Generic[Value]):
    """A value that is asked for when it is too old, by one thread at a time."""

    def __init__(self, ask: Callable[[], Value], monotonic: Callable[[], float], /) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._value: Value | None = None
        self._asked_at = 0.0
        self._lock = Lock()

    def get(self, *, not_older_than_s: float) -> Value:
        with self._lock:
            if self._value is None or self._monotonic() - self._asked_at > not_older_than_s:
                self._value = self._ask()
                self._asked_at = self._monotonic()
            return self._value
