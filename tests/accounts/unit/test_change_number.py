"""An account under another number: everything moves, wherever it is interrupted, and nobody else's with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from services.accounts.application.change_number import ChangeNumber
from services.accounts.application.change_owner import ChangeOwner
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.settle_number import MoveLinks
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import NumberSpell
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.feed import BalanceRecord, NumberChange, OwnerChange
from services.accounts.domain.proof_ladder import Rung
from services.accounts.domain.standing import Standing, standing_of
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, SettableClock, make_account, make_charge, make_page, make_report
from tests.accounts.fakes import FakeBillingAccounts, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases, FakeWishNumbers

A, B, C, D = (AccountKey("54", f"540020000{number}") for number in range(1, 5))
_HOUR = timedelta(hours=1)


class Killed(Exception):
    """The process ends here."""


@dataclass(slots=True)
class Office:
    """The use case on fakes."""

    clock: SettableClock = field(default_factory=lambda: SettableClock(A_MORNING + 10 * _HOUR))
    aliases: FakeAliases = field(default_factory=FakeAliases)
    accounts: FakeBillingAccounts = field(default_factory=FakeBillingAccounts)
    snapshots: FakeSnapshots = field(default_factory=FakeSnapshots)
    wishes: FakeWishNumbers = field(default_factory=FakeWishNumbers)

    @property
    def current(self) -> CurrentNumbers:
        return CurrentNumbers(aliases=self.aliases)

    def change(self, old: AccountKey | None, new: AccountKey, *, hours: int = 1) -> None:
        use_case = ChangeNumber(
            aliases=self.aliases,
            accounts=self.accounts,
            snapshots=self.snapshots,
            wishes=self.wishes,
            current=self.current,
            move_links=MoveLinks(accounts=self.accounts, clock=self.clock),
            clock=self.clock,
        )
        use_case(NumberChange(old=old, new=new, changed_at=A_MORNING + hours * _HOUR))

    def new_owner(self, key: AccountKey, *, hours: int) -> None:
        use_case = ChangeOwner(snapshots=self.snapshots, current=self.current)
        use_case(OwnerChange(key=key, changed_at=A_MORNING + hours * _HOUR))

    def told_balance(self, key: AccountKey, kopecks: int, *, hours: int) -> None:
        observe = ObserveBalances(
            snapshots=self.snapshots,
            accounts=self.accounts,
            current=self.current,
            threads=ThreadPoolExecutor(1),
            clock=self.clock,
        )
        observe([BalanceRecord(key=key, balance=Money(kopecks), as_of=A_MORNING + hours * _HOUR)])

    def linked(self, key: AccountKey, *, subscriber: str = "1", hours: int = 0, rung: Rung = Rung.MANAGE) -> str:
        account = make_account(
            subscriber_id=f"sub_{subscriber * 32}", key=key, rung=rung, linked_at=A_MORNING + hours * _HOUR
        )
        self.accounts.save(account)
        return account.billing_account_id

    def known(self, key: AccountKey, *, kopecks: int = 100_00) -> None:
        snapshot = self.snapshots.get(key)
        snapshot.observe_report(make_report(kopecks=kopecks), now=A_MORNING)
        snapshot.observe_charges(make_page(make_charge()), now=A_MORNING)
        self.snapshots.save(snapshot)

    def found(self, billing_account_id: str) -> BillingAccount:
        account = self.accounts.get(billing_account_id)
        assert account is not None
        return account

    def balance(self, key: AccountKey) -> Money | None:
        known = self.snapshots.get(key).balance
        return known.value if known else None


def test_links_figures_and_wishes_go_on_under_the_new_number() -> None:
    office = Office()
    link = office.linked(A)
    office.known(A)

    office.change(A, B)

    assert office.found(link).key == B
    assert office.balance(B) == Money(100_00)
    assert office.snapshots.get(A) == AccountSnapshot(key=A, version=2)
    assert office.wishes.moved == [(A, B)]
    assert office.current.of(A) == B
    past = office.snapshots.get(B).past
    assert past.former_numbers() == (A.number,)
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.CLEAR


def test_a_link_that_has_ended_moves_too() -> None:
    office = Office()
    link = office.linked(A)
    ended = office.found(link)
    ended.unlink(now=A_MORNING)
    office.accounts.save(ended)

    office.change(A, B)

    assert office.found(link).key == B


_STEPS = ("aliases", "snapshots", "accounts")


@pytest.mark.parametrize("name", _STEPS)
@pytest.mark.parametrize("save", range(4))
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_save_is_finished_by_the_same_record(name: str, save: int, after: bool) -> None:
    office = Office()
    links = [office.linked(A), office.linked(A, subscriber="2")]
    office.known(A)
    with_kill(getattr(office, name), save, after=after, act=lambda: office.change(A, B))

    office.change(A, B)
    office.change(A, B)

    assert [office.found(link).key for link in links] == [B, B]
    assert all(office.found(link).is_linked for link in links)
    assert office.balance(B) == Money(100_00)
    assert office.balance(A) is None
    past = office.snapshots.get(B).past
    assert past.former == (NumberSpell(number=A.number),)
    alias = office.aliases.get(A)
    assert alias is not None and alias.moved


def with_kill(repository: Any, save: int, *, after: bool, act: Callable[[], None]) -> None:
    """Act, and die at a save of that repository, before or after it; there may be fewer saves than that."""
    saves = [0]
    real = repository.save

    def deadly(aggregate: Any) -> None:
        saves[0] += 1
        if saves[0] - 1 == save and not after:
            raise Killed
        real(aggregate)
        if saves[0] - 1 == save:
            raise Killed

    repository.save = deadly
    try:
        act()
    except Killed:
        pass
    finally:
        repository.save = real


def test_a_chain_is_followed_to_its_end() -> None:
    office = Office()
    link = office.linked(A)
    office.known(A)

    office.change(A, B, hours=1)
    office.change(B, C, hours=2)

    assert office.found(link).key == C
    assert [office.current.of(key) for key in (A, B, C)] == [C, C, C]
    assert office.snapshots.get(C).past.former_numbers() == (B.number, A.number)


def test_a_region_may_go_on_naming_the_account_by_its_first_number() -> None:
    office = Office()
    link = office.linked(A)
    office.change(A, B, hours=1)

    office.change(A, C, hours=2)

    assert office.found(link).key == C
    assert office.current.of(A) == C


def test_records_under_an_old_number_find_the_account() -> None:
    office = Office()
    office.change(A, B)

    office.told_balance(A, 1, hours=10)

    assert office.balance(B) == Money(1)
    assert office.balance(A) is None


def test_a_number_given_to_a_new_account_names_the_old_one_no_more() -> None:
    office = Office()
    link = office.linked(A)
    office.known(A)
    office.change(A, B, hours=1)

    office.change(None, A, hours=3)

    assert office.current.of(A) == A
    assert office.found(link).key == B
    assert office.snapshots.get(B).past.former == (NumberSpell(number=A.number, until=A_MORNING + 3 * _HOUR),)
    new = office.snapshots.get(A).past
    assert new.spells(A.number) == [NumberSpell(number=A.number, since=A_MORNING + 3 * _HOUR)]


def test_a_number_taken_over_from_another_account_does_not_bring_its_links() -> None:
    office = Office()
    holder, mover = office.linked(A), office.linked(C, subscriber="2")
    office.change(A, B, hours=1)

    office.change(C, A, hours=2)

    assert (office.found(holder).key, office.found(mover).key) == (B, A)
    assert office.current.of(A) == A
    assert office.current.of(C) == A


def test_a_link_to_whoever_had_the_new_number_before_ends() -> None:
    office = Office()
    stranger, mover = office.linked(B), office.linked(A, subscriber="2")
    office.known(B, kopecks=1)
    office.known(A, kopecks=2)

    office.change(A, B)

    assert not office.found(stranger).is_linked
    assert office.found(mover).key == B
    assert office.balance(B) == Money(2)


def test_a_repeated_old_record_does_not_touch_the_new_holder() -> None:
    office = Office()
    office.change(A, B, hours=1)
    office.change(None, A, hours=2)
    newcomer = office.linked(A, hours=3)

    office.change(A, B, hours=1)

    assert office.found(newcomer).key == A
    assert office.found(newcomer).is_linked


def test_who_linked_the_new_number_early_keeps_the_elder_link_and_both_proofs() -> None:
    office = Office()
    elder = office.linked(A, rung=Rung.PAY)
    younger = office.linked(B, hours=2, rung=Rung.MANAGE)

    office.change(A, B, hours=1)

    kept = office.found(elder)
    assert (kept.key, kept.rung, kept.is_linked) == (B, Rung.MANAGE, True)
    assert not office.found(younger).is_linked


def test_an_owner_who_left_stays_out_under_the_new_number() -> None:
    office = Office()
    link = office.linked(A)
    snapshot = office.snapshots.get(A)
    snapshot.pass_on(at=A_MORNING + _HOUR)
    office.snapshots.save(snapshot)

    office.change(A, B, hours=2)

    past = office.snapshots.get(B).past
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.OWNER_CHANGED


def test_a_change_back_to_an_earlier_number_ends_in_no_circle() -> None:
    office = Office()
    link = office.linked(A)

    office.change(A, B, hours=1)
    office.change(B, A, hours=2)

    assert office.found(link).key == A
    assert [office.current.of(key) for key in (A, B)] == [A, A]


def test_a_repeat_that_names_another_moment_changes_nothing() -> None:
    office = Office()
    link = office.linked(A)
    office.change(A, B, hours=1)
    before = office.snapshots.get(B)

    office.change(A, B, hours=2)

    assert office.found(link).key == B
    assert office.snapshots.get(B) == before
    assert office.current.of(A) == B


@pytest.mark.parametrize("left_again", [False, True])
@pytest.mark.parametrize("first", ["new account", "new owner", "balance"])
def test_a_batch_that_comes_again_tells_the_present_account_nothing_of_whom_its_number_named_before(
    first: str, left_again: bool
) -> None:
    office = Office()
    link = office.linked(A)
    office.known(A)

    def tell() -> None:
        if first == "new account":
            office.change(None, B, hours=1)
        elif first == "new owner":
            office.new_owner(B, hours=1)
        else:
            office.told_balance(B, 777_77, hours=1)
        office.change(B, C, hours=2)
        office.change(A, B, hours=5)
        if left_again:
            office.change(B, D, hours=6)

    tell()
    keys = (A, B, C, D)
    once = [replace(office.snapshots.get(key), version=0) for key in keys]
    tell()

    assert [replace(office.snapshots.get(key), version=0) for key in keys] == once
    now = D if left_again else B
    past = office.snapshots.get(now).past
    assert office.found(link).key == now
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.CLEAR
    assert office.balance(now) == Money(100_00)
    assert past.former_numbers()[-1] == A.number


def test_an_owner_who_came_to_a_closed_account_does_not_lock_out_who_takes_its_number_over() -> None:
    office = Office()
    link = office.linked(A)
    office.new_owner(B, hours=1)

    office.change(A, B, hours=2)

    past = office.snapshots.get(B).past
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.CLEAR


@pytest.mark.parametrize("named", [A, B])
def test_an_owner_told_of_under_either_number_is_the_accounts(named: AccountKey) -> None:
    office = Office()
    link = office.linked(A)
    office.change(A, B, hours=2)

    office.new_owner(named, hours=3)

    past = office.snapshots.get(B).past
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.OWNER_CHANGED


def test_an_owner_told_of_late_under_the_number_of_that_moment_is_the_accounts() -> None:
    office = Office()
    link = office.linked(A)
    office.change(A, B, hours=2)

    office.new_owner(A, hours=1)

    past = office.snapshots.get(B).past
    assert standing_of(office.found(link), owner_since=past.owner_since, claims=()) is Standing.OWNER_CHANGED
