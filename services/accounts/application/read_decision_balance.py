"""Read a balance that money may be decided on: from the region, within this call, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.authorize_action import Authorized, authorized_as
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import AccountReport
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.figures import DecisionBalance, Known, decision_grade
from services.accounts.domain.ports import BillingAccountRepository, RegionalBilling, SnapshotRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAnswer:
    """What the region said within this call: the balance, and whether its own autopay may still debit (F21); and that
    the subscriber may do what was asked about."""

    balance: DecisionBalance
    old_mandate_active: bool
    authorized: Authorized | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDecisionBalance:
    """What was read is remembered for display too. While an account is disputed, or has another owner, there is nothing
    to decide on."""

    accounts: BillingAccountRepository
    snapshots: SnapshotRepository
    standing: AccountStanding
    billing: RegionalBilling
    observe: ObserveAccount
    regions: Regions
    clock: Clock

    def __call__(
        self, *, billing_account_id: str, subscriber_id: str = "", actions: Sequence[Action] = ()
    ) -> DecisionAnswer:
        """Return the balance; with actions, that the subscriber may do all of them, without that the link allows to
        pay.

        Raises what `AuthorizeAction` raises, before the region is asked, and `RegionUnavailable`.
        """
        needed = actions or (Action.PAY,)
        account = self._linked(billing_account_id, subscriber_id=subscriber_id if actions else None)
        snapshot = self.snapshots.get(account.key)
        for action in needed:
            account.authorize(action)
        self.standing.check(account, *needed, Action.MANAGE, pasts={account.key: snapshot.past})
        authorized = authorized_as(account, snapshot.past, self.regions) if actions else None
        return replace(self._told(account.key, known=snapshot), authorized=authorized)

    def _linked(self, billing_account_id: str, *, subscriber_id: str | None) -> BillingAccount:
        if subscriber_id is not None:
            return owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        account = self.accounts.get(billing_account_id)
        if account is None or not account.is_linked:
            raise BillingAccountNotFound
        return account

    def _told(self, key: AccountKey, *, known: AccountSnapshot) -> DecisionAnswer:
        asked_at = self.clock.now()
        report = self.billing.account(key)
        balance = decision_grade(
            Known(report.balance, report.as_of),
            region=key.region,
            asked_at=asked_at,
            now=self.clock.now(),
            fresh_for=self.regions.of(key.region).fresh_for,
        )
        self._show(key, report, known=known)
        return DecisionAnswer(balance=balance, old_mandate_active=report.old_mandate_is_active)

    def _show(self, key: AccountKey, report: AccountReport, *, known: AccountSnapshot) -> None:
        try:
            self.observe.report(key, report, known=known)
        except VersionConflict:  # others observe it at this very moment: what is shown is as new as this
            _log.info("balance_not_shown_yet", region=key.region)
