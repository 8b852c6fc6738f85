"""The brake on guessing: an attempt is counted for everybody whom it concerns before the region is asked."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ownership_attempts import AttemptLimit, AttemptLimits
from services.accounts.domain.ports import AttemptsRepository
from services.chassis.clock import Clock
from services.chassis.errors import TooManyAttempts, VersionConflict
from services.chassis.network import network_of
from services.chassis.pseudonyms import Pseudonyms

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One of those that an attempt is counted by."""

    attempts_key: str
    limit: AttemptLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt under way."""

    counters: tuple[Counter, ...]
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptGuard:
    """Counts attempts; those that are not taken back were wrong.

    `purpose` begins the names of its counters; addresses stand in them as pseudonyms.
    """

    purpose: str
    attempts: AttemptsRepository
    limits: AttemptLimits
    pseudonyms: Pseudonyms
    clock: Clock

    def begin(self, *, subscriber_id: str, key: AccountKey, client_address: str) -> Attempt:
        """Count an attempt by all counters. Raises `TooManyAttempts`, `VersionConflict`; then it counts by none."""
        now = self.clock.now()
        address = self.pseudonyms.of("address", network_of(client_address))
        counted: list[Counter] = []
        try:
            counted.append(self._count(f"subscriber:{subscriber_id}", self.limits.per_subscriber, now))
            counted.append(self._count(f"address:{address}", self.limits.per_address, now))
            per_account = self._count_unless_full(f"account:{key}", self.limits.per_account, now)
            counted += [per_account] if per_account else []
            per_pair = self.limits.per_pair if per_account else self.limits.per_pair_under_attack
            counted.append(self._count(f"pair:{key}:{subscriber_id}", per_pair, now))
        except (TooManyAttempts, VersionConflict):
            self.forgive(Attempt(counters=tuple(counted), begun_at=now))
            raise
        return Attempt(counters=tuple(counted), begun_at=now)

    def forgive(self, attempt: Attempt, /) -> None:
        """Take an attempt back: the proof was right, or the region did not say that it was wrong."""
        for counter in attempt.counters:
            self._forgive(counter, attempt.begun_at)

    def _count_unless_full(self, name: str, limit: AttemptLimit, now: datetime) -> Counter | None:
        try:
            return self._count(name, limit, now)
        except TooManyAttempts:
            return None

    def _count(self, name: str, limit: AttemptLimit, now: datetime) -> Counter:
        """Count one; a lost race is repeated, since another attempt may have filled the window."""
        attempts_key = f"{self.purpose}:{name}"
        for left in reversed(range(_TRIES)):
            counter = self.attempts.get(attempts_key, limit=limit)
            counter.begin(now=now)
            try:
                self.attempts.save(counter)
            except VersionConflict:
                if not left:
                    raise
            else:
                break
        return Counter(attempts_key=attempts_key, limit=limit)

    def _forgive(self, counter: Counter, begun_at: datetime) -> None:
        """Take one back; a race lost again and again leaves it counted, which errs on the safe side."""
        for _ in range(_TRIES):
            attempts = self.attempts.get(counter.attempts_key, limit=counter.limit)
            attempts.forgive(begun_at)
            try:
                return self.attempts.save(attempts)
            except VersionConflict:
                continue
        return None
