"""What is remembered about an account."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.read_decision_balance import ReadDecisionBalance
from services.accounts.domain.account_report import OldMandate
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.events import BalanceObserved
from services.accounts.domain.figures import Known
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import (
    A_MORNING,
    KEY,
    SettableClock,
    make_account,
    make_charge,
    make_credited,
    make_page,
    make_report,
)
from tests.accounts.fakes import FakeBillingAccounts, FakeRegions, FakeSnapshots

_MINUTE = timedelta(minutes=1)


def _observe(accounts: FakeBillingAccounts, snapshots: FakeSnapshots) -> ObserveAccount:
    return ObserveAccount(snapshots=snapshots, accounts=accounts, clock=SettableClock())


@given(st.permutations(range(5)))
def test_ends_with_the_newest_balance_in_whatever_order_they_come(order: list[int]) -> None:
    snapshot = AccountSnapshot(key=KEY)

    for minute in order:
        snapshot.observe_balance(Money(minute), as_of=A_MORNING + minute * _MINUTE, now=A_MORNING + 9 * _MINUTE)

    assert snapshot.balance == Known(Money(4), A_MORNING + 4 * _MINUTE)


def test_refuses_a_balance_from_the_future() -> None:
    with pytest.raises(RegionAnswerInvalid):
        AccountSnapshot(key=KEY).observe_balance(Money(1), as_of=A_MORNING + timedelta(minutes=6), now=A_MORNING)


def test_believes_the_region_again_after_our_clock_was_set_back() -> None:
    snapshot = AccountSnapshot(key=KEY)
    tomorrow = A_MORNING + timedelta(days=1)
    snapshot.observe_balance(Money(1), as_of=tomorrow, now=tomorrow)

    snapshot.observe_balance(Money(2), as_of=A_MORNING, now=A_MORNING)

    assert snapshot.balance == Known(Money(2), A_MORNING)


def test_announces_a_moved_balance_to_every_link_and_an_unmoved_one_to_nobody() -> None:
    accounts, snapshots = FakeBillingAccounts(), FakeSnapshots()
    links = [make_account(subscriber_id=f"sub_{number}") for number in range(2)]
    for link in links:
        accounts.save(link)
    observe = _observe(accounts, snapshots)

    observe.balance(KEY, Money(500), as_of=A_MORNING - _MINUTE)
    observe.balance(KEY, Money(500), as_of=A_MORNING)

    assert snapshots.shelf.announced == [
        BalanceObserved(billing_account_id=link.billing_account_id, balance=Money(500), as_of=A_MORNING - _MINUTE)
        for link in links
    ]
    assert snapshots.get(KEY).balance == Known(Money(500), A_MORNING)


def test_saves_nothing_for_news_that_are_old() -> None:
    snapshots = FakeSnapshots()
    observe = _observe(FakeBillingAccounts(), snapshots)
    observe.balance(KEY, Money(500), as_of=A_MORNING)

    observe.balance(KEY, Money(400), as_of=A_MORNING - _MINUTE)

    assert (snapshots.get(KEY).version, snapshots.get(KEY).balance) == (1, Known(Money(500), A_MORNING))


class _OnceRaced(FakeSnapshots):
    """Somebody else saves first, once."""

    def __init__(self) -> None:
        super().__init__()
        self.races = 1

    def save(self, snapshot: AccountSnapshot, /) -> None:
        if self.races:
            self.races -= 1
            other = self.get(KEY)
            other.observe_balance(Money(1), as_of=A_MORNING - _MINUTE, now=A_MORNING)
            super().save(other)
            raise VersionConflict("Somebody else changed it.")
        super().save(snapshot)


def test_observes_again_after_a_lost_race() -> None:
    snapshots = _OnceRaced()

    _observe(FakeBillingAccounts(), snapshots).balance(KEY, Money(2), as_of=A_MORNING)

    assert snapshots.get(KEY).balance == Known(Money(2), A_MORNING)


def test_reads_rows_again_when_money_has_moved_or_they_are_old() -> None:
    snapshot = AccountSnapshot(key=KEY)
    assert snapshot.needs_rows(after=_MINUTE, now=A_MORNING)

    snapshot.observe_report(make_report(kopecks=1), now=A_MORNING)
    snapshot.observe_charges(make_page(make_charge()), now=A_MORNING)
    snapshot.observe_payments(make_page(make_credited()), now=A_MORNING)
    assert not snapshot.needs_rows(after=_MINUTE, now=A_MORNING)
    assert snapshot.needs_rows(after=_MINUTE, now=A_MORNING + _MINUTE)

    later = A_MORNING + timedelta(seconds=1)
    snapshot.observe_balance(Money(2), as_of=later, now=later)
    assert snapshot.needs_rows(after=_MINUTE, now=later)


class _AlwaysRaced(FakeSnapshots):
    """Somebody else always saves first."""

    def save(self, snapshot: AccountSnapshot, /) -> None:
        raise VersionConflict("Somebody else changed it.")


def test_a_decision_does_not_fail_for_what_is_only_shown() -> None:
    accounts, clock = FakeBillingAccounts(), SettableClock()
    account = make_account()
    accounts.save(account)
    read = ReadDecisionBalance(
        accounts=accounts,
        snapshots=FakeSnapshots(),
        standing=AccountStanding(accounts=accounts, snapshots=FakeSnapshots()),
        billing=FakeRegions(clock),
        observe=_observe(accounts, _AlwaysRaced()),
        regions=load_regions(connected=["54"]),
        clock=clock,
    )

    assert read(billing_account_id=account.billing_account_id).balance.value == Money(100_00)


@pytest.mark.parametrize(
    ("mandate", "active"),
    [
        (None, False),
        (OldMandate(is_active=True, since=A_MORNING), True),
        (OldMandate(is_active=False, since=A_MORNING), False),
    ],
)
def test_an_old_mandate_is_decided_on_as_the_region_says_now(mandate: OldMandate | None, active: bool) -> None:
    accounts, clock, snapshots = FakeBillingAccounts(), SettableClock(), FakeSnapshots()
    account, billing = make_account(), FakeRegions(clock)
    accounts.save(account)
    snapshot = snapshots.get(account.key)
    snapshot.observe_report(
        replace(make_report(), old_mandate=OldMandate(is_active=not active, since=None)), now=A_MORNING
    )
    snapshots.save(snapshot)
    billing.old_mandate = mandate
    clock.advance(minutes=1)
    read = ReadDecisionBalance(
        accounts=accounts,
        snapshots=snapshots,
        standing=AccountStanding(accounts=accounts, snapshots=snapshots),
        billing=billing,
        observe=_observe(accounts, snapshots),
        regions=load_regions(connected=["54"]),
        clock=clock,
    )

    assert read(billing_account_id=account.billing_account_id).old_mandate_active is active
    kept = snapshots.get(account.key).old_mandate
    assert kept is not None and kept.value == mandate
