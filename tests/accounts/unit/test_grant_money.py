"""Money on a relative's link: what the grant does not allow, or not for the time being, is neither billed nor told."""

from collections.abc import Callable

import pytest

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.place_charge import FeeRequest, PlaceCharge
from services.accounts.application.read_decision_balance import ReadDecisionBalance
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.charge_placement import PlacementState
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.grant import GrantFrozen
from services.accounts.domain.proof_ladder import Action, ActionNotAllowed
from services.chassis.money import Money
from tests.accounts.fakes import FakeChargePlacements
from tests.accounts.grant_fakes import Home, terms


class Till:
    """A relative's link, and what content and payments ask about it."""

    def __init__(self, *granted: Action) -> None:
        self.home = Home()
        self.desk = self.home.process()
        self.link: BillingAccount = self.desk.accept(self.desk.offer(terms=terms(*granted)))
        self.regions = self.desk.billing
        accounts, snapshots, clock = self.desk.accounts, self.home.snapshots, self.home.clock
        observe = ObserveAccount(snapshots=snapshots, accounts=accounts, clock=clock)
        self.standing = AccountStanding(accounts=accounts, snapshots=snapshots)
        self._place = PlaceCharge(
            placements=FakeChargePlacements(),
            accounts=accounts,
            standing=self.standing,
            billing=self.regions,
            observe=observe,
            clock=clock,
        )
        self._read = ReadDecisionBalance(
            accounts=accounts,
            snapshots=snapshots,
            standing=self.standing,
            billing=self.regions,
            observe=observe,
            regions=load_regions(connected=["54"]),
            clock=clock,
        )

    def freeze(self) -> None:
        self.home.doubted.add(self.home.owners.billing_account_id)

    def bill(self) -> PlacementState:
        fee = FeeRequest(
            charge_id="ord_1",
            billing_account_id=self.link.billing_account_id,
            amount=Money(199_00),
            description="Фильм",
        )
        return self._place(fee).state

    def balance(self) -> Money:
        return self._read(billing_account_id=self.link.billing_account_id).balance.value


_EVERYTHING = (Action.VIEW, Action.PAY, Action.ORDER_CONTENT)
_QUESTIONS = [Till.bill, Till.balance]


def test_what_the_grant_allows_is_billed_and_told() -> None:
    till = Till(*_EVERYTHING)

    assert (till.balance(), till.bill()) == (Money(100_00), PlacementState.PLACED)


@pytest.mark.parametrize("question", _QUESTIONS)
def test_a_frozen_grant_bills_and_tells_nothing_and_asks_no_region(question: Callable[[Till], object]) -> None:
    till = Till(*_EVERYTHING)
    till.freeze()

    with pytest.raises(GrantFrozen):
        question(till)

    assert till.regions.calls == []


@pytest.mark.parametrize(
    ("question", "granted"), [(Till.bill, (Action.VIEW, Action.PAY)), (Till.balance, (Action.ORDER_CONTENT,))]
)
def test_what_was_not_granted_is_refused_and_asks_no_region(
    question: Callable[[Till], object], granted: tuple[Action, ...]
) -> None:
    till = Till(*granted)

    with pytest.raises(ActionNotAllowed):
        question(till)

    assert till.regions.calls == []


def test_a_fee_under_way_is_settled_whatever_became_of_the_grant() -> None:
    till = Till(*_EVERYTHING)
    till.regions.down()
    with pytest.raises(RegionUnavailable):
        till.bill()
    till.regions.up()
    till.freeze()

    assert till.bill() is PlacementState.PLACED


def test_a_link_whose_grant_is_frozen_does_not_stand_clear() -> None:
    till = Till(*_EVERYTHING)
    till.freeze()
    link = till.desk.accounts.get(till.link.billing_account_id)
    assert link is not None

    with pytest.raises(GrantFrozen):
        till.standing.check(link, Action.PAY)
