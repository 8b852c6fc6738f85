"""The brake on guessing: an attempt is counted for the account and for the subscriber before the region is asked."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ownership_attempts import AttemptLimit
from services.accounts.domain.ports import AttemptsRepository
from services.chassis.clock import Clock
from services.chassis.errors import TooManyAttempts, VersionConflict

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt under way."""

    account_key: str
    subscriber_key: str
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptGuard:
    """Counts attempts; those that are not taken back were wrong."""

    attempts: AttemptsRepository
    per_account: AttemptLimit
    per_subscriber: AttemptLimit
    clock: Clock

    def begin(self, *, subscriber_id: str, key: AccountKey) -> Attempt:
        """Count an attempt for both. Raises `TooManyAttempts`; then it counts for neither."""
        attempt = Attempt(
            account_key=f"account:{key}", subscriber_key=f"subscriber:{subscriber_id}", begun_at=self.clock.now()
        )
        self._begin(attempt.subscriber_key, self.per_subscriber, attempt.begun_at)
        try:
            self._begin(attempt.account_key, self.per_account, attempt.begun_at)
        except TooManyAttempts:
            self._forgive(attempt.subscriber_key, self.per_subscriber, attempt.begun_at)
            raise
        return attempt

    def forgive(self, attempt: Attempt, /) -> None:
        """Take an attempt back: the proof was right, or the region did not say that it was wrong."""
        self._forgive(attempt.account_key, self.per_account, attempt.begun_at)
        self._forgive(attempt.subscriber_key, self.per_subscriber, attempt.begun_at)

    def _begin(self, attempts_key: str, limit: AttemptLimit, now: datetime) -> None:
        """Count one; a lost race is repeated, since another attempt may have filled the window."""
        for left in reversed(range(_TRIES)):
            counter = self.attempts.get(attempts_key, limit=limit)
            counter.begin(now=now)
            try:
                return self.attempts.save(counter)
            except VersionConflict:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _forgive(self, attempts_key: str, limit: AttemptLimit, begun_at: datetime) -> None:
        """Take one back; a race lost again and again leaves it counted, which errs on the safe side."""
        for _ in range(_TRIES):
            counter = self.attempts.get(attempts_key, limit=limit)
            counter.forgive(begun_at)
            try:
                return self.attempts.save(counter)
            except VersionConflict:
                continue
        return None
