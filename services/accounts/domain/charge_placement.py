"""The aggregate of a one-time fee on its way into a region's books: the intent, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import PlacedCharge
from services.accounts.domain.errors import AccountClosed, ChargeIdReused, InsufficientFunds, RegionAnswerInvalid
from services.accounts.domain.posting import IllegalMove
from services.chassis.errors import DomainError, FieldInvalid
from services.chassis.money import Money


class PlacementState(Enum):
    """What is known of a fee."""

    REQUESTED = "requested"  # to be billed, or billed and not answered
    PLACED = "placed"
    REFUSED = "refused"


_NEXT: Mapping[PlacementState, frozenset[PlacementState]] = {
    PlacementState.REQUESTED: frozenset({PlacementState.PLACED, PlacementState.REFUSED}),
    PlacementState.PLACED: frozenset(),
    PlacementState.REFUSED: frozenset(),
}

_REFUSALS: Mapping[str, type[InsufficientFunds] | type[AccountClosed]] = {
    refusal.reason: refusal for refusal in (InsufficientFunds, AccountClosed)
}


@dataclass(slots=True, kw_only=True)
class ChargePlacement:
    """Identified by the caller's charge id. It has no `due_at`: who ordered the fee repeats the call until it is
    settled, and a fee that nobody asks for any more is better not billed than billed behind everybody's back."""

    charge_id: str
    billing_account_id: str
    key: AccountKey
    amount: Money
    description: str
    requested_at: datetime
    state: PlacementState = PlacementState.REQUESTED
    regional_charge_id: str | None = None
    charged_at: datetime | None = None
    refusal_reason: str | None = None
    version: int = 0

    @classmethod
    def request(
        cls,
        *,
        charge_id: str,
        billing_account_id: str,
        key: AccountKey,
        amount: Money,
        description: str,
        now: datetime,
    ) -> "ChargePlacement":
        """Return the intent to bill a fee."""
        if not charge_id:
            raise FieldInvalid(field="charge_id", rule="must not be empty")
        if not amount.is_positive:
            raise FieldInvalid(field="amount", rule="only a positive sum can be billed")
        return cls(
            charge_id=charge_id,
            billing_account_id=billing_account_id,
            key=key,
            amount=amount,
            description=description,
            requested_at=now,
        )

    def check_same(self, *, billing_account_id: str, amount: Money) -> None:
        """Raise `ChargeIdReused` unless a repeated request asks for what this fee is."""
        if (billing_account_id, amount) != (self.billing_account_id, self.amount):
            raise ChargeIdReused

    def confirm(self, answer: PlacedCharge, /) -> None:
        """Note that the fee is billed. Raises `RegionAnswerInvalid` when the region billed another sum."""
        if answer.charge.amount != self.amount:
            raise RegionAnswerInvalid(region=self.key.region, problem="the fee echoed is not the one sent")
        self._move_to(PlacementState.PLACED)
        self.regional_charge_id, self.charged_at = answer.charge.charge_id, answer.charge.charged_at

    def refuse(self, refusal: DomainError, /) -> None:
        """Note that the region refuses the fee; it stays so for this charge id."""
        self._move_to(PlacementState.REFUSED)
        self.refusal_reason = refusal.reason

    def raise_if_refused(self) -> None:
        """Raise the refusal that was noted, if one was."""
        if self.refusal_reason is not None:
            raise _REFUSALS[self.refusal_reason]()

    def _move_to(self, state: PlacementState) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state = state
