"""Links go where the numbers of their accounts go: all of them with a change of number, and one that was being made at
that very moment right after it was saved."""

from dataclasses import dataclass

from services.accounts.application.current_numbers import LONGEST_CHAIN
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import AliasRepository, BillingAccountRepository, SnapshotRepository
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLinks:
    """Moves every link of an account to the number that it has now, link by link; safe to repeat from anywhere."""

    accounts: BillingAccountRepository
    clock: Clock

    def __call__(self, alias: AccountAlias, /) -> None:
        """Raises `VersionConflict` when somebody else changes one of them now."""
        there = {account.subscriber_id: account for account in self.accounts.on(alias.new) if account.is_linked}
        for account in self.accounts.on(alias.old):
            other = there.get(account.subscriber_id)
            if account.is_linked and other is not None:
                self._merge(account, other)
                self.accounts.save(other)
            account.renumber(alias.new, at=alias.changed_at)
            self.accounts.save(account)

    def _merge(self, one: BillingAccount, other: BillingAccount) -> None:
        """A subscriber has linked the account under both numbers: the elder link stays, with what hangs on it, and
        gains what the younger one proved. One that stands on a grant gives way to a proof."""
        stays, goes = sorted((one, other), key=lambda link: (link.grant is not None, link.linked_at))
        if goes.grant is None:
            stays.absorb(goes)
        goes.unlink(now=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleNumber:
    """Looks at a link once it is saved: while it was proved, the account may have gone on under another number, or the
    number to another account. Either the change of number finds the link, or this finds the change.

    Called by whoever made the link, and once more soon after by whoever looks after links, in case of a kill between.
    """

    accounts: BillingAccountRepository
    aliases: AliasRepository
    snapshots: SnapshotRepository
    move: MoveLinks
    clock: Clock

    def __call__(self, link: BillingAccount, /) -> BillingAccount | None:
        """Return the link that stands; None when it was proved of an account that has the number no more, and has
        ended. Whoever changes it at this moment has it settled, too, or leaves it due."""
        try:
            if self._is_of_former_account(link):
                link.unlink(now=self.clock.now())
                self.accounts.save(link)
                return None
            key = self._moved(link.key)
        except VersionConflict:
            return self.accounts.get(link.billing_account_id)
        return link if key == link.key else self.accounts.linked_to(key, subscriber_id=link.subscriber_id)

    def _moved(self, key: AccountKey) -> AccountKey:
        for _ in range(LONGEST_CHAIN):
            alias = self.aliases.get(key)
            if alias is None or not alias.holds:
                break
            self.move(alias)
            key = alias.new
        return key

    def _is_of_former_account(self, link: BillingAccount) -> bool:
        """A grant ends with its grantor's link."""
        if link.grant is not None:
            return False
        past = self.snapshots.pasts([link.key]).get(link.key)
        return past is not None and past.taken_over_at is not None and link.numbered_at < past.taken_over_at
