"""Bill a one-time fee to an account in its region, within the call."""

from dataclasses import dataclass

import structlog

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.current_numbers import number_now
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import PlacedCharge
from services.accounts.domain.charge_placement import ChargePlacement, PlacementState
from services.accounts.domain.errors import AccountClosed, BillingAccountNotFound, InsufficientFunds
from services.accounts.domain.ports import BillingAccountRepository, ChargePlacementRepository, RegionalBilling
from services.accounts.domain.proof_ladder import Action
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict
from services.chassis.money import Money

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRequest:
    """What is to be billed, under an id that the caller chose."""

    charge_id: str
    billing_account_id: str
    amount: Money
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCharge:
    """The intent is saved before the region is asked. Without an answer the same call again settles it, also after the
    account was unlinked or passed to another owner: the fee may stand in the books."""

    placements: ChargePlacementRepository
    accounts: BillingAccountRepository
    standing: AccountStanding
    billing: RegionalBilling
    observe: ObserveAccount
    clock: Clock

    def __call__(self, request: FeeRequest, /) -> ChargePlacement:
        """Return the billed fee.

        Raises for a new fee only `BillingAccountNotFound`, `ActionNotAllowed`, `GrantFrozen`, `AccountDisputed` and
        `ProofOutdated`; for any `InsufficientFunds`, `AccountClosed`, `ChargeIdReused`, `RegionUnavailable`.
        """
        placement = self.placements.get(request.charge_id) or self._intend(request)
        placement.check_same(billing_account_id=request.billing_account_id, amount=request.amount)
        if placement.state is PlacementState.REQUESTED:
            placement = self._bill(placement)
        placement.raise_if_refused()
        return placement

    def _intend(self, request: FeeRequest) -> ChargePlacement:
        account = self.accounts.get(request.billing_account_id)
        if account is None or not account.is_linked:
            raise BillingAccountNotFound
        self.standing.authorize(account, Action.ORDER_CONTENT)
        placement = ChargePlacement.request(
            charge_id=request.charge_id,
            billing_account_id=request.billing_account_id,
            key=account.key,
            amount=request.amount,
            description=request.description,
            now=self.clock.now(),
        )
        return self._saved(placement)

    def _bill(self, placement: ChargePlacement) -> ChargePlacement:
        key = number_now(self.accounts, placement.billing_account_id, known=placement.key)
        try:
            answer = self.billing.place_charge(
                key,
                charge_id=placement.charge_id,
                amount=placement.amount,
                description=placement.description,
            )
        except (InsufficientFunds, AccountClosed) as refusal:
            placement.refuse(refusal)
            return self._saved(placement)
        placement.confirm(answer)
        placement = self._saved(placement)
        self._show_balance(placement, key, answer)
        return placement

    def _saved(self, placement: ChargePlacement) -> ChargePlacement:
        """Save it, or return what a parallel call with the same id has saved: the region bills each id once."""
        try:
            self.placements.save(placement)
        except VersionConflict:
            first = self.placements.get(placement.charge_id)
            if first is None:
                raise
            return first
        return placement

    def _show_balance(self, placement: ChargePlacement, key: AccountKey, answer: PlacedCharge) -> None:
        """Show the new balance at once. For the eye only: the fee is billed, and the next refresh shows it anyway."""
        try:
            self.observe.balance(key, answer.balance_after, as_of=answer.charge.charged_at)
        except DomainError as problem:
            _log.info("balance_not_shown_yet", charge_id=placement.charge_id, problem=problem.reason)
