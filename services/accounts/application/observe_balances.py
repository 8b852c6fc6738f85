"""Take many balances at once into what is remembered of their accounts: the feed's hot path."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import LinkReference
from services.accounts.domain.feed import BalanceRecord
from services.accounts.domain.ports import BillingAccountRepository, SnapshotRepository
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_TRIES = 6
# Fewer accounts than this are not worth another thread.
_PART = 250

Told = Mapping[AccountKey, Sequence[BalanceRecord]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveBalances:
    """The same as `ObserveAccount.balance` for each of them, in a few commands for all: which numbers are old ones, the
    snapshots, the links of those accounts whose sum may have changed, one bulk of saves.

    Many accounts are shared out among `threads`: while one part is being saved, the next one is thought about.
    """

    snapshots: SnapshotRepository
    accounts: BillingAccountRepository
    current: CurrentNumbers
    threads: Executor
    clock: Clock

    def __call__(self, records: Sequence[BalanceRecord], /) -> None:
        """Idempotent. Raises `VersionConflict` only when others change the same accounts `_TRIES` times in a row."""
        current = self.current.of_each([record.key for record in records])
        told: dict[AccountKey, list[BalanceRecord]] = {}
        for record in records:
            told.setdefault(current[record.key], []).append(record)
        keys = list(told)
        parts = [keys[first : first + _PART] for first in range(0, len(keys), _PART)]
        if len(parts) > 1:
            list(self.threads.map(lambda part: self._settle({key: told[key] for key in part}), parts))
        else:
            self._settle(told)

    def _settle(self, told: Told) -> None:
        left = told
        for _ in range(_TRIES):
            lost = self._observe(left)
            if not lost:
                return
            left = {key: told[key] for key in lost}
        raise VersionConflict("Others change the same accounts at the same moment.")

    def _observe(self, told: Told) -> Collection[AccountKey]:
        """Return the accounts for which the race was lost, or may have been: they are observed again."""
        snapshots = self.snapshots.many(list(told))
        links = self.accounts.links_to([key for key, records in told.items() if _may_move(snapshots[key], records)])
        changed = [
            snapshots[key]
            for key, records in told.items()
            if self._take_in(snapshots[key], records, links.get(key, ()))
        ]
        return self.snapshots.save_many(changed)

    def _take_in(
        self, snapshot: AccountSnapshot, records: Sequence[BalanceRecord], links: Sequence[LinkReference]
    ) -> bool:
        """Observe an account's balances one after the other; say whether anything is to be saved."""
        before, now = snapshot.balance, self.clock.now()
        for record in records:
            if snapshot.observe_balance(record.balance, as_of=record.as_of, now=now):
                snapshot.announce_balance(links)
        return snapshot.balance is not before


def _may_move(snapshot: AccountSnapshot, records: Sequence[BalanceRecord]) -> bool:
    known = snapshot.balance
    return known is None or any(record.balance != known.value for record in records)
