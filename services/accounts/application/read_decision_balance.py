"""Read a balance that money may be decided on: from the region, within this call, or not at all."""

from dataclasses import dataclass

import structlog

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.figures import DecisionBalance, Known, decision_grade
from services.accounts.domain.ports import BillingAccountRepository, RegionalBilling
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAnswer:
    """What the region said within this call: the balance, and whether its own autopay may still debit (F21)."""

    balance: DecisionBalance
    old_mandate_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDecisionBalance:
    """What was read is remembered for display too. While an account is disputed, or
    has another owner, there is nothing to decide on."""

    accounts: BillingAccountRepository
    standing: AccountStanding
    billing: RegionalBilling
    observe: ObserveAccount
    regions: Regions
    clock: Clock

    def __call__(self, *, billing_account_id: str) -> DecisionAnswer:
        """Raises `BillingAccountNotFound`, `AccountDisputed`, `ProofOutdated`, `RegionUnavailable`."""
        account = self.accounts.get(billing_account_id)
        if account is None or not account.is_linked:
            raise BillingAccountNotFound
        self.standing.check(account, Action.MANAGE)
        asked_at = self.clock.now()
        report = self.billing.account(account.key)
        balance = decision_grade(
            Known(report.balance, report.as_of),
            region=account.key.region,
            asked_at=asked_at,
            now=self.clock.now(),
            fresh_for=self.regions.of(account.key.region).fresh_for,
        )
        try:
            self.observe.report(account.key, report)
        except VersionConflict:  # others observe it at this very moment: what is shown is as new as this
            _log.info("balance_not_shown_yet", region=account.key.region)
        return DecisionAnswer(balance=balance, old_mandate_active=report.old_mandate_is_active)
