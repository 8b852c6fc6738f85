"""Passwords by Argon2id (RFC 9106); how many are hashed at once is bounded, since each takes memory and a core."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from services.chassis.deadline import timeout_s
from services.chassis.errors import Unavailable
from services.identity.domain.password import canonical_password

_LONGEST_WAIT_S = 3.0


class Argon2PasswordHasher:
    """`PasswordHasher` by argon2-cffi."""

    def __init__(self, *, memory_kib: int, time_cost: int, parallelism: int, at_once: int) -> None:
        self._argon2 = Argon2(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._room = BoundedSemaphore(at_once)
        # Nobody knows this password: what is compared with it takes as long as any other and is always wrong.
        self._nobody = self._argon2.hash(secrets.token_urlsafe(32))

    def hash(self, password: str, /) -> str:
        with self._turn():
            return self._argon2.hash(canonical_password(password))

    def matches(self, password: str, password_hash: str | None, /) -> bool:
        with self._turn():
            return self._verify(password_hash or self._nobody, canonical_password(password))

    def is_outdated(self, password_hash: str, /) -> bool:
        return self._argon2.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=timeout_s(_LONGEST_WAIT_S)):
            raise Unavailable("Too many passwords are being checked at this moment.")
        try:
            yield
        finally:
            self._room.release()
