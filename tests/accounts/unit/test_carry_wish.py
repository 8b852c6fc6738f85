"""Carrying wishes to a region: whatever goes wrong at whatever line, each is done exactly once, or refused and not
done."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.accounts.application.carry_wish import CarryWish
from services.accounts.application.promise_payment import RecheckPromise
from services.accounts.application.tell_region import TellTariffChange
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errors import AccountClosed, RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.ordering_errors import TariffQuoteOutdated
from services.accounts.domain.promised_payment import PromisedPaymentState
from services.chassis.deadline import DeadlineTooShort
from services.chassis.errors import VersionConflict
from tests.accounts.builders import KEY, SettableClock
from tests.accounts.ordering_builders import ERRANDS
from tests.accounts.ordering_fakes import FakeOrderingRegion
from tests.accounts.ordering_office import Killed, Office, carried, once, promises, services, tariffs


@pytest.fixture(params=[tariffs, services, promises], ids=["tariff", "service", "promise"])
def office(request: pytest.FixtureRequest) -> Office:
    clock = SettableClock()
    made: Office = request.param(clock, FakeOrderingRegion(clock))
    return made


@pytest.fixture(params=[tariffs, services], ids=["tariff", "service"])
def taking_back(request: pytest.FixtureRequest) -> Office:
    """An office of wishes that can be taken back."""
    clock = SettableClock()
    made: Office = request.param(clock, FakeOrderingRegion(clock))
    return made


@pytest.fixture(
    params=[
        RegionUnavailable(region="54"),
        RegionAnswerInvalid(region="54", problem="garbage"),
        DeadlineTooShort("no time left"),
        Killed(),
    ],
    ids=["silence", "garbage", "hurry", "kill"],
)
def error(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    yield request.param


def test_is_due_only_when_the_call_that_made_it_must_have_ended(office: Office) -> None:
    office.requested()

    assert not office.carry_due()
    office.clock.advance(seconds=5)
    assert office.carry_due()


@pytest.mark.parametrize("tried", [False, True], ids=["never told", "told in vain"])
def test_a_wish_of_a_former_owner_is_not_sent(office: Office, tried: bool) -> None:
    wish = office.requested()
    if tried:
        office.region.down()
        carried(office)
        office.region.up()
    snapshot = office.snapshots.get(wish.key)
    snapshot.pass_on(at=office.clock.now() + timedelta(seconds=1))
    office.snapshots.save(snapshot)

    office.carry_all()

    assert (office.found(wish).refusal_reason, office.books) == ("PROOF_OUTDATED", {})


@pytest.mark.parametrize("when", ["trouble", "after"])
def test_is_done_once_whatever_happens_around_the_call(office: Office, error: BaseException, when: str) -> None:
    wish = office.requested()
    setattr(office.region, when, once(error, method="send"))

    carried(office)
    office.carry_all()

    office.done_once(wish)


def test_is_done_once_when_killed_between_the_answer_and_the_save(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = office.requested()

    def die(_wish: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(office.wishes, "save", die)
        carried(office)
    assert office.found(wish).state is not office.taken
    office.carry_all()

    office.done_once(wish)


def test_asks_before_it_sends_again_after_an_unknown_outcome(office: Office) -> None:
    office.requested()
    office.region.after = once(RegionUnavailable(region="54"), method="send")

    carried(office)
    carried(office)

    assert office.region.calls == ["send", "find"]


@pytest.mark.parametrize("refusal", [TariffQuoteOutdated(), AccountClosed()])
def test_a_refusal_is_final_with_its_reason(office: Office, refusal: Exception) -> None:
    wish = office.requested()
    office.region.trouble = once(refusal, method="send")

    office.carry_all()

    assert (office.found(wish).refusal_reason, office.books) == (refusal.reason, {})  # type: ignore[attr-defined]
    assert office.found(wish).is_at_rest


def test_a_refusal_of_what_the_region_holds_already_is_not_believed(office: Office) -> None:
    wish = office.requested()
    office.region.after = once(Killed(), method="send")
    carried(office)
    office.region.trouble = once(AccountClosed(), method="send")

    carried(office)

    office.done_once(wish)


def test_a_refusal_that_cannot_be_checked_is_not_believed_yet(office: Office) -> None:
    wish = office.requested()

    def trouble(method: str) -> None:
        raise AccountClosed() if method == "send" else RegionUnavailable(region="54")

    office.region.trouble = trouble
    carried(office)

    assert not office.found(wish).is_at_rest
    assert office.found(wish).errand.last_problem == "REGION_UNAVAILABLE"


def test_a_zombie_changes_nothing_and_is_told_what_the_other_saved(office: Office) -> None:
    wish = office.requested()
    late = office.found(wish)
    carried(office)

    assert office.carry(late).state is office.taken

    office.done_once(wish)


def test_waits_longer_each_time_and_calls_for_a_person_after_a_day(office: Office) -> None:
    wish = office.requested()
    office.region.down()
    pauses = []

    for _ in range(7):
        office.clock.advance(minutes=5)
        assert office.carry_due()
        pauses.append((office.found(wish).errand.due_at - office.clock.now()).total_seconds())

    assert pauses == [1, 2, 5, 15, 60, 60, 60]
    errand = office.found(wish).errand
    assert not errand.needs_a_person(now=office.clock.now())
    assert errand.needs_a_person(now=office.clock.now() + timedelta(hours=24))


def test_a_wish_that_vanished_is_a_conflict(office: Office) -> None:
    wish = office.requested()
    late = office.found(wish)
    office.wishes.shelf.kept.clear()

    with pytest.raises(VersionConflict):
        office.carry(late)


@pytest.mark.parametrize("when", ["trouble", "after"])
def test_is_taken_back_whatever_happens_around_the_call(taking_back: Office, error: BaseException, when: str) -> None:
    office = taking_back
    wish = office.requested()
    carried(office)
    wish = office.found(wish)
    assert office.take_back is not None
    office.take_back(wish)
    office.wishes.save(wish)
    setattr(office.region, when, once(error, method="cancel"))

    carried(office)
    office.carry_all()

    assert office.found(wish).state.value == "canceled"
    assert office.books[wish.wish_id].state.value == "canceled"


def test_what_arrives_late_is_taken_back_too(taking_back: Office) -> None:
    office = taking_back
    wish = office.requested()
    assert office.take_back is not None
    office.take_back(wish)
    office.wishes.save(wish)
    carried(office)
    assert office.found(wish).state.value == "canceling"
    sent_before = office.make()
    if isinstance(office.tell, TellTariffChange):
        office.region.schedule_change(KEY, change_id=wish.wish_id, quoted=sent_before.quoted)
    else:
        office.region.order_service(KEY, order_id=wish.wish_id, offer_code="tv-1")

    office.carry_all()

    assert office.found(wish).state.value == "canceled"
    assert office.books[wish.wish_id].state.value == "canceled"


def test_figures_are_read_anew_when_they_change_and_only_then() -> None:
    clock = SettableClock()
    promised, ordered = (make(clock, FakeOrderingRegion(clock)) for make in (promises, services))
    for office in (promised, ordered):
        office.requested()
        office.carry_all()

    assert (promised.refreshed, ordered.refreshed) == ([KEY], [])


def test_an_overdue_promise_is_repaid_late_and_rests_when_the_region_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SettableClock()
    office = promises(clock, FakeOrderingRegion(clock))
    wish = office.requested()
    carried(office)
    taken = office.books[wish.wish_id]
    office.books[wish.wish_id] = replace(taken, state=PromisedPaymentState.OVERDUE)
    office.carry_all()
    assert office.found(wish).state is PromisedPaymentState.OVERDUE
    assert office.wishes.held_on(KEY) is None

    with monkeypatch.context() as patch:
        patch.delitem(office.books, wish.wish_id)
        office.carry_all()
        assert (office.found(wish).state, office.carry_due()) == (PromisedPaymentState.OVERDUE, False)
    office.books[wish.wish_id] = replace(taken, state=PromisedPaymentState.REPAID)
    RecheckPromise(promises=office.wishes, clock=clock)(KEY)
    office.carry_due()

    assert office.found(wish).state is PromisedPaymentState.REPAID
    assert office.found(wish).errand.due_at is None


@pytest.mark.parametrize("method", ["find", "save"])
def test_an_overdue_promise_is_found_repaid_wherever_a_look_at_it_is_killed(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    clock = SettableClock()
    office = promises(clock, FakeOrderingRegion(clock))
    wish = office.requested()
    carried(office)
    office.books[wish.wish_id] = replace(office.books[wish.wish_id], state=PromisedPaymentState.OVERDUE)
    office.carry_all()
    office.books[wish.wish_id] = replace(office.books[wish.wish_id], state=PromisedPaymentState.REPAID)

    def die(_wish: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if method == "save":
            patch.setattr(office.wishes, "save", die)
        else:
            office.region.trouble = once(Killed(), method="find")
        clock.advance(minutes=20)
        with pytest.raises(Killed):
            office.carry_due()
    office.carry_all()

    assert office.found(wish).state is PromisedPaymentState.REPAID


def test_figures_that_cannot_be_read_now_do_not_undo_what_was_saved() -> None:
    clock = SettableClock()
    office = promises(clock, FakeOrderingRegion(clock))
    wish = office.requested()

    def fail(_key: AccountKey) -> None:
        raise RegionUnavailable(region="54")

    carry = CarryWish(wishes=office.wishes, tell=office.tell, refresh=fail, plan=ERRANDS, clock=clock)

    assert carry(wish).state is PromisedPaymentState.OPEN


def test_a_payment_makes_an_open_promise_due_and_a_lost_race_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SettableClock()
    office = promises(clock, FakeOrderingRegion(clock))
    wish = office.requested()
    carried(office)
    recheck = RecheckPromise(promises=office.wishes, clock=clock)

    def lose(_wish: object) -> None:
        raise VersionConflict("Somebody else was first.")

    with monkeypatch.context() as patch:
        patch.setattr(office.wishes, "save", lose)
        recheck(KEY)
    assert office.found(wish).errand.due_at > clock.now()
    recheck(KEY)

    assert office.found(wish).errand.due_at == clock.now()
