"""Billing a one-time fee."""

from dataclasses import replace

import pytest

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.place_charge import FeeRequest, PlaceCharge
from services.accounts.domain.account_report import PlacedCharge
from services.accounts.domain.charge_placement import PlacementState
from services.accounts.domain.errors import (
    AccountClosed,
    BillingAccountNotFound,
    ChargeIdReused,
    InsufficientFunds,
    RegionUnavailable,
)
from services.accounts.domain.proof_ladder import ActionNotAllowed, Relation
from services.chassis.errors import DomainError, FieldInvalid
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_account, make_charge
from tests.accounts.fakes import FakeBillingAccounts, FakeChargePlacements, FakeRegions, FakeSnapshots


class Till:
    def __init__(self) -> None:
        self.clock = SettableClock()
        self.accounts, self.placements = FakeBillingAccounts(), FakeChargePlacements()
        self.regions, self.snapshots = FakeRegions(self.clock), FakeSnapshots()
        self.account = make_account()
        self.accounts.save(self.account)
        self.request = FeeRequest(
            charge_id="ord_1",
            billing_account_id=self.account.billing_account_id,
            amount=Money(199_00),
            description="Фильм",
        )
        self.place = PlaceCharge(
            placements=self.placements,
            accounts=self.accounts,
            standing=AccountStanding(accounts=self.accounts, snapshots=self.snapshots),
            billing=self.regions,
            observe=ObserveAccount(snapshots=self.snapshots, accounts=self.accounts, clock=self.clock),
            clock=self.clock,
        )


@pytest.fixture
def till() -> Till:
    return Till()


def _raising(error: DomainError) -> object:
    def trouble(_method: str) -> None:
        raise error

    return trouble


def test_bills_once_however_often_it_is_asked(till: Till) -> None:
    first, second = till.place(till.request), till.place(till.request)

    assert first.regional_charge_id == second.regional_charge_id == "R-ord_1"
    assert till.regions.calls == ["place_charge"]


def test_saves_the_intent_before_the_region_is_asked(till: Till) -> None:
    till.regions.down()

    with pytest.raises(RegionUnavailable):
        till.place(till.request)

    intent = till.placements.get("ord_1")
    assert intent is not None
    assert intent.state is PlacementState.REQUESTED


def test_the_same_call_settles_it_after_an_unknown_outcome_even_when_unlinked_since(till: Till) -> None:
    till.regions.down()
    with pytest.raises(RegionUnavailable):
        till.place(till.request)
    till.regions.up()
    till.account.unlink(now=till.clock.now())
    till.accounts.save(till.account)

    assert till.place(till.request).state is PlacementState.PLACED


@pytest.mark.parametrize("refusal", [InsufficientFunds(), AccountClosed()])
def test_a_refusal_stays_and_the_region_is_not_asked_again(till: Till, refusal: DomainError) -> None:
    till.regions.trouble = _raising(refusal)  # type: ignore[assignment]
    for _ in range(2):
        with pytest.raises(type(refusal)):
            till.place(till.request)
        till.regions.up()

    assert till.regions.calls == ["place_charge"]


def test_another_sum_under_the_same_id_is_refused(till: Till) -> None:
    till.place(till.request)

    with pytest.raises(ChargeIdReused):
        till.place(replace(till.request, amount=Money(1)))


def test_another_sum_in_the_answer_is_no_answer(till: Till) -> None:
    wrong = PlacedCharge(charge=make_charge(kopecks=1), balance_after=Money(0))
    till.regions.place_charge = lambda *_, **__: wrong  # type: ignore[method-assign]

    with pytest.raises(RegionUnavailable):
        till.place(till.request)

    assert till.snapshots.get(KEY).balance is None


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"billing_account_id": "acc_none"}, BillingAccountNotFound),
        ({"amount": Money(0)}, FieldInvalid),
        ({"charge_id": ""}, FieldInvalid),
    ],
)
def test_asks_no_region_about_what_is_wrong_in_itself(
    till: Till, wrong: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        till.place(replace(till.request, **wrong))  # type: ignore[arg-type]

    assert till.regions.calls == []


def test_bills_nothing_new_to_a_relatives_account_without_that_relatives_word(till: Till) -> None:
    till.account.relate(Relation.RELATIVE, now=A_MORNING)
    till.accounts.save(till.account)

    with pytest.raises(ActionNotAllowed):
        till.place(till.request)

    assert till.regions.calls == []


def test_bills_nothing_new_to_an_account_that_was_unlinked(till: Till) -> None:
    till.account.unlink(now=till.clock.now())
    till.accounts.save(till.account)

    with pytest.raises(BillingAccountNotFound):
        till.place(till.request)
