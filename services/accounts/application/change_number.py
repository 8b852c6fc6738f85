"""Let an account go on under another number, with all that hangs on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.accounts.application.current_numbers import LONGEST_CHAIN, CurrentNumbers
from services.accounts.application.settle_number import MoveLinks
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.feed import NumberChange
from services.accounts.domain.ports import (
    AliasRepository,
    BillingAccountRepository,
    SnapshotRepository,
    WishNumbers,
)
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNumber:
    """Many documents, each saved by itself, in an order that the same record finishes wherever it was interrupted:

    the new number is freed of whom it named before; the alias is saved, so that the old number finds the account; then
    figures, links and wishes move; last the alias says that all have. A link that is being made at that moment finds
    the change by itself (`SettleNumber`). Postings and fees under way need nothing: they ask their link for the number
    when they are sent. Nor does the history: it is remembered under the number that the account had, and found by its
    past. Idempotent; an older change than the known one does nothing.
    """

    aliases: AliasRepository
    accounts: BillingAccountRepository
    snapshots: SnapshotRepository
    wishes: WishNumbers
    current: CurrentNumbers
    move_links: MoveLinks
    clock: Clock

    def __call__(self, change: NumberChange, /) -> None:
        """Raises `VersionConflict` when others change the same account again and again."""
        if change.old is None:
            self._give_to_new_account(change)
            return
        alias = self._begun(change, change.old)
        if alias is not None and not alias.moved:
            self._move(alias)

    def _give_to_new_account(self, change: NumberChange) -> None:
        """The number is the newcomer's before it stops naming the account before: at no moment is it nobody's. One who
        has gone on under another number since stays what they are."""
        alias = self.aliases.get(change.new)
        if alias is not None and alias.holds and alias.changed_at > change.changed_at:
            return
        self._change_snapshot(change.new, lambda snapshot: snapshot.begin_anew(at=change.changed_at))
        self._take_from_holder(change)

    def _begun(self, change: NumberChange, old: AccountKey) -> AccountAlias | None:
        """Return the alias that the change makes, saved by now; None for a change that was overtaken.

        A region may go on calling the account by a number that is an old one already.
        """
        for _ in range(LONGEST_CHAIN):
            alias = self.aliases.get(old)
            if alias is None:
                return self._begin(AccountAlias(old=old, new=change.new, changed_at=change.changed_at), change)
            if alias.is_about(new=change.new, changed_at=change.changed_at):
                return alias
            if change.changed_at <= (alias.ended_at or alias.changed_at):
                return None
            if not alias.holds:
                alias.point_to(change.new, changed_at=change.changed_at)
                return self._begin(alias, change)
            old = alias.new
        return None

    def _begin(self, alias: AccountAlias, change: NumberChange) -> AccountAlias:
        self._free(change)
        self.aliases.save(alias)
        return alias

    def _free(self, change: NumberChange) -> None:
        self._change_snapshot(change.new, lambda snapshot: snapshot.make_way(at=change.changed_at))
        self._take_from_holder(change)
        self._end_former_links(change.new, before=change.changed_at)

    def _end_former_links(self, key: AccountKey, *, before: datetime) -> None:
        """Whoever proved before that the number is theirs proved it of an account that is no more."""
        for account in self.accounts.on(key):
            if account.is_linked and account.numbered_at < before:
                account.unlink(now=self.clock.now())
                self.accounts.save(account)

    def _take_from_holder(self, change: NumberChange) -> None:
        """End the alias that the new number is, and tell the account that it named until when it was its."""
        alias = self.aliases.get(change.new)
        if alias is None or not alias.holds or alias.changed_at >= change.changed_at:
            return
        holder = self.current.of(change.new)
        self._change_snapshot(holder, lambda snapshot: snapshot.lose_number(change.new.number, at=change.changed_at))
        alias.end(at=change.changed_at)
        self.aliases.save(alias)

    def _move(self, alias: AccountAlias) -> None:
        old, now = self.snapshots.get(alias.old), self.clock.now()
        self._change_snapshot(alias.new, lambda snapshot: snapshot.take_over(old, changed_at=alias.changed_at, now=now))
        # Once more: one may have been made meanwhile. Whoever makes one later sees it by the figures just saved.
        self._end_former_links(alias.new, before=alias.changed_at)
        self.move_links(alias)
        self.wishes.move(alias.old, alias.new)
        self._change_snapshot(alias.old, AccountSnapshot.forget)
        alias.moved = True
        self.aliases.save(alias)

    def _change_snapshot(self, key: AccountKey, change: Callable[[AccountSnapshot], None]) -> None:
        for left in reversed(range(_TRIES)):
            snapshot = self.snapshots.get(key)
            change(snapshot)
            try:
                return self.snapshots.save(snapshot)
            except VersionConflict:
                if not left:
                    raise
