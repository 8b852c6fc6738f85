"""Identity's public keys, kept for minutes, so that every service verifies access tokens itself."""

import json
import time
from collections.abc import Callable
from threading import Lock

from joserfc.jwk import KeySet
from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.errors import Unavailable
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import RemoteError
from services.chassis.tls import ClientTls

_KEEP_S = 300.0
_ASK_AGAIN_S = 5.0
_CAP_S = 1.0


class SubscriberKeys:
    """Identity's keys as this process last saw them.

    Keys once seen go on being used while identity is down; an unknown key id makes it ask again, at most once in 5 s,
    so that forged tokens do not become load on identity.
    """

    def __init__(self, fetch: Callable[[], KeySet], /) -> None:
        self._fetch = fetch
        self._keys: KeySet | None = None
        self._asked_at = -_KEEP_S
        self._lock = Lock()

    def __call__(self, key_id: str, /) -> KeySet:
        """Return the keys. Raises `Unavailable` when none were ever seen and identity does not answer."""
        with self._lock:
            age_s = time.monotonic() - self._asked_at
            known = self._keys is not None and any(key.kid == key_id for key in self._keys.keys)
            if age_s > _KEEP_S or (not known and (self._keys is None or age_s > _ASK_AGAIN_S)):
                self._refresh()
            if self._keys is None:
                raise Unavailable("The keys of access tokens cannot be had now.")
            return self._keys

    def _refresh(self) -> None:
        try:
            self._keys = self._fetch()
            self._asked_at = time.monotonic()
        except RemoteError:
            if self._keys is not None:
                self._asked_at = time.monotonic() - _KEEP_S + _ASK_AGAIN_S


def subscriber_keys_from(identity_address: str, /, *, tls: ClientTls | None = None) -> SubscriberKeys:
    """Return the keys as identity tells them over gRPC; the method is for anyone."""
    remote = Remote(name="identity", address=identity_address, tokens=None, tls=tls)
    stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)

    def fetch() -> KeySet:
        answer = remote.call(stub.GetJsonWebKeySet, identity_pb2.GetJsonWebKeySetRequest(), cap_s=_CAP_S)
        return KeySet.import_key_set(json.loads(answer.jwks_json))

    return SubscriberKeys(fetch)
