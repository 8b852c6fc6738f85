"""What is left of a proof when the account has another owner, and how it is won back."""

from datetime import timedelta

import pytest

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.change_owner import ChangeOwner
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount, LinkReference
from services.accounts.domain.events import BalanceObserved
from services.accounts.domain.feed import OwnerChange
from services.accounts.domain.proof_ladder import Action, ActionNotAllowed, Rung
from services.accounts.domain.standing import ProofOutdated, Standing, standing_of
from services.chassis.money import Money
from tests.accounts.builders import (
    A_MORNING,
    KEY,
    make_account,
    make_charge,
    make_credited,
    make_page,
    make_report,
)
from tests.accounts.fakes import FakeBillingAccounts, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases

_LATER = A_MORNING + timedelta(hours=1)


def _changed(snapshots: FakeSnapshots) -> None:
    change = ChangeOwner(snapshots=snapshots, current=CurrentNumbers(aliases=FakeAliases()))
    change(OwnerChange(key=KEY, changed_at=_LATER))


def _known() -> AccountSnapshot:
    snapshot = AccountSnapshot(key=KEY)
    snapshot.observe_report(make_report(), now=A_MORNING)
    snapshot.observe_charges(make_page(make_charge()), now=A_MORNING)
    snapshot.observe_payments(make_page(make_credited()), now=A_MORNING)
    return snapshot


def _standing(snapshots: FakeSnapshots, account: BillingAccount) -> tuple[AccountStanding, Standing]:
    accounts = FakeBillingAccounts()
    accounts.save(account)
    standing = AccountStanding(accounts=accounts, snapshots=snapshots)
    return standing, standing.of([account])[account.billing_account_id]


def test_an_older_proof_leaves_paying_and_nothing_else() -> None:
    snapshots, account = FakeSnapshots(), make_account()
    assert _standing(snapshots, account)[1] is Standing.CLEAR
    account = make_account()

    _changed(snapshots)

    standing, stands = _standing(snapshots, account)
    assert stands is Standing.OWNER_CHANGED
    standing.authorize(account, Action.PAY)
    for action in (Action.VIEW, Action.DOCUMENTS, Action.MANAGE, Action.ORDER_CONTENT):
        with pytest.raises(ProofOutdated):
            standing.authorize(account, action)
    assert [action for action in Action if standing.allowing([account], action)] == [Action.PAY]


def test_what_the_proof_never_reached_is_refused_as_before() -> None:
    snapshots, account = FakeSnapshots(), make_account(rung=Rung.PAY)
    _changed(snapshots)

    standing, stands = _standing(snapshots, account)

    assert stands is Standing.CLEAR
    with pytest.raises(ActionNotAllowed):
        standing.authorize(account, Action.VIEW)


def test_what_the_former_owner_granted_is_in_doubt() -> None:
    snapshots, account = FakeSnapshots(), make_account()
    _changed(snapshots)

    assert _standing(snapshots, account)[0].doubted([account]) == {account.billing_account_id}


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_a_proof_from_the_change_on_is_the_new_owners(late: timedelta) -> None:
    account = make_account(linked_at=_LATER + late)

    assert standing_of(account, owner_since=_LATER, claims=()) is Standing.CLEAR


def test_proving_again_is_worth_what_the_new_proof_deserves() -> None:
    account = make_account(rung=Rung.MANAGE)

    account.prove("last_payment_minor", request_id=None, now=_LATER, still_holds=False)

    assert standing_of(account, owner_since=_LATER, claims=()) is Standing.CLEAR
    assert (account.allowed_actions, account.claim) == ((Action.PAY,), None)


def test_proving_again_is_a_new_claim() -> None:
    account = make_account(rung=Rung.MANAGE)

    account.prove("contract_code", request_id=None, now=_LATER, still_holds=False)

    assert (account.claimed_at, account.confirmed_at, account.proved_at) == (_LATER, None, _LATER)


def test_a_weaker_proof_takes_nothing_away_while_the_stronger_one_holds() -> None:
    account = make_account(rung=Rung.MANAGE)

    account.prove("last_payment_minor", request_id=None, now=_LATER)

    assert account.rung is Rung.MANAGE


def test_whatever_was_true_of_the_former_owner_is_forgotten() -> None:
    snapshots = FakeSnapshots()
    snapshots.save(_known())

    _changed(snapshots)
    _changed(snapshots)

    left = snapshots.get(KEY)
    assert left.past.owner_since == _LATER
    assert [left.balance, left.billing_mode, left.tariff_plan, left.services, left.charges, left.payments] == [None] * 6


def test_figures_of_before_that_come_late_stay_out() -> None:
    snapshots = FakeSnapshots()
    _changed(snapshots)
    snapshot = snapshots.get(KEY)

    moved = snapshot.observe_report(make_report(as_of=A_MORNING), now=_LATER)

    assert not moved
    assert (snapshot.balance, snapshot.tariff_plan) == (None, None)
    assert snapshot.observe_balance(Money(1), as_of=_LATER, now=_LATER)


def test_an_older_change_takes_nothing_back() -> None:
    snapshot = AccountSnapshot(key=KEY)
    snapshot.pass_on(at=_LATER)

    snapshot.pass_on(at=A_MORNING)

    assert snapshot.past.owner_since == _LATER


def test_a_balance_is_announced_to_no_link_of_the_former_owner() -> None:
    snapshot = AccountSnapshot(key=KEY)
    snapshot.pass_on(at=_LATER)
    snapshot.observe_balance(Money(1), as_of=_LATER, now=_LATER)

    snapshot.announce_balance(
        [
            LinkReference(billing_account_id="acc_old", proved_at=A_MORNING),
            LinkReference(billing_account_id="acc_new", proved_at=_LATER),
        ]
    )

    announced = [event for event in snapshot.pending_events if isinstance(event, BalanceObserved)]
    assert [event.billing_account_id for event in announced] == ["acc_new"]


def test_an_account_that_was_never_proved_again_counts_as_proved_when_it_was_linked() -> None:
    account: BillingAccount = make_account()

    assert account.proved_at == account.linked_at == A_MORNING
