"""Take what a region told about an account into what is remembered of it, whoever asked and whoever wins the race."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import AccountReport
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.ports import BillingAccountRepository, SnapshotRepository
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveAccount:
    """Idempotent: newer replaces older only. A balance that is another than before is announced to every link."""

    snapshots: SnapshotRepository
    accounts: BillingAccountRepository
    clock: Clock

    def balance(self, key: AccountKey, balance: Money, /, *, as_of: datetime) -> AccountSnapshot:
        """Take in a balance by itself: after a posting, after a fee, from the feed."""
        return self._observe(key, lambda snapshot, now: snapshot.observe_balance(balance, as_of=as_of, now=now))

    def report(
        self,
        key: AccountKey,
        report: AccountReport,
        /,
        *,
        known: AccountSnapshot | None = None,
        then: Callable[[AccountSnapshot, datetime], None] | None = None,
    ) -> AccountSnapshot:
        """Take in a whole report; `then` adds what was read with it. Both are saved together.

        `known` is the snapshot as just read, to spare reading it once more.
        """

        def observe(snapshot: AccountSnapshot, now: datetime) -> bool:
            moved = snapshot.observe_report(report, now=now)
            if then is not None:
                then(snapshot, now)
            return moved

        return self._observe(key, observe, known)

    def rows(self, key: AccountKey, observe: Callable[[AccountSnapshot, datetime], None], /) -> AccountSnapshot:
        """Take in fees or payments by themselves."""

        def observe_rows(snapshot: AccountSnapshot, now: datetime) -> bool:
            observe(snapshot, now)
            return False

        return self._observe(key, observe_rows)

    def _observe(
        self,
        key: AccountKey,
        observe: Callable[[AccountSnapshot, datetime], bool],
        known: AccountSnapshot | None = None,
    ) -> AccountSnapshot:
        """Read, observe, save; again when somebody else observed at the same moment.

        Raises `VersionConflict` only when that happens `_TRIES` times in a row.
        """
        for left in reversed(range(_TRIES)):
            snapshot = known or self.snapshots.get(key)
            known = None
            before = replace(snapshot)
            if observe(snapshot, self.clock.now()):
                snapshot.announce_balance(self.accounts.links_to([key]).get(key, ()))
            if snapshot == before:
                break
            try:
                self.snapshots.save(snapshot)
            except VersionConflict:
                if not left:
                    raise
            else:
                break
        return snapshot
