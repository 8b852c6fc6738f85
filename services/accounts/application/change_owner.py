"""Note that an account has another owner: from then on older proofs show nothing and move nothing."""

from dataclasses import dataclass

from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.domain.feed import OwnerChange
from services.accounts.domain.ports import SnapshotRepository
from services.chassis.errors import VersionConflict

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOwner:
    """One save: every link's standing follows from it, so there is nothing that could be half done. Idempotent, also
    when the number is another account's by now: what was before it had the number is not told of it."""

    snapshots: SnapshotRepository
    current: CurrentNumbers

    def __call__(self, change: OwnerChange, /) -> None:
        """Raises `VersionConflict` only when others change the account `_TRIES` times in a row."""
        key = self.current.of(change.key)
        for left in reversed(range(_TRIES)):
            snapshot = self.snapshots.get(key)
            snapshot.pass_on(at=change.changed_at, number=change.key.number)
            try:
                return self.snapshots.save(snapshot)
            except VersionConflict:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")
