"""Every day of the acquirer's registry is compared once it is over; what differs is an incident for as long as it
differs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.chassis.errors import FieldInvalid
from services.chassis.money import Money
from services.payments.domain.payment import State
from services.payments.domain.reconciliation import Reconciliation, ReconciliationState
from services.payments.domain.reconciliation_ports import RegistryUnavailable
from services.payments.domain.registry import Totals
from tests.payments.bookkeeper import TODAY, Bookkeeper
from tests.payments.builders import make_payment
from tests.payments.fake_world import Killed, Killer
from tests.payments.reconciliation_fakes import ScriptedRegistry, make_charge


@pytest.fixture
def keeper() -> Bookkeeper:
    subject = Bookkeeper()
    subject.plan_days.first()
    return subject


def test_equal_books_come_to_equal_sums_and_no_incident(keeper: Bookkeeper) -> None:
    for kopecks in (100, 200):
        keeper.paid(kopecks=kopecks)
    payment, charge = keeper.paid(kopecks=400)
    keeper.give_back(
        payment, acquirer_refund_id=keeper.registry.pay_back(charge, kopecks=300).acquirer_refund_id, kopecks=300
    )
    keeper.day_is_over()

    keeper.run()

    day = keeper.day()
    assert day.state is ReconciliationState.EQUAL
    assert day.ours == day.theirs == Totals(3, Money(700), 1, Money(300))
    assert keeper.announced() == []


def test_a_day_is_compared_when_it_is_over_in_moscow_and_has_settled(keeper: Bookkeeper) -> None:
    keeper.clock.advance(hours=15.4)  # 03:54 of the next day in Moscow
    assert not keeper.step()

    keeper.clock.advance(hours=0.2)

    assert keeper.step()


def test_each_day_follows_the_one_before_also_after_a_week_of_standing_still(keeper: Bookkeeper) -> None:
    keeper.clock.advance(days=7)

    keeper.run()

    states = [keeper.day(TODAY + timedelta(days=days)).state for days in range(8)]
    assert states == [ReconciliationState.EQUAL] * 7 + [ReconciliationState.DUE]


def test_what_was_planned_once_begins_with_no_other_day(keeper: Bookkeeper) -> None:
    keeper.clock.advance(days=3)

    keeper.plan_days.first()

    assert list(keeper.days.rows.rows) == ["2026-11-22"]


def test_every_day_is_compared_also_after_an_operator_has_compared_one_within_its_grace(keeper: Bookkeeper) -> None:
    keeper.clock.advance(hours=13)  # 01:30 in Moscow

    assert keeper.now().state is ReconciliationState.EQUAL
    keeper.clock.advance(days=7, hours=3)
    keeper.run()

    assert _compared(keeper) == [*_days(8), None]


def test_days_that_an_operator_compared_while_nothing_ran_leave_out_none_of_the_others(keeper: Bookkeeper) -> None:
    keeper.clock.advance(days=7, hours=8)
    for days in (2, 3, 5):
        keeper.now(TODAY + timedelta(days=days))

    keeper.run()

    assert _compared(keeper) == [*_days(7), None]


def test_a_day_that_an_operator_compares_while_it_is_being_planned_ends_nothing(
    keeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.clock.advance(days=4, hours=8)
    save, left = keeper.days.save, [TODAY + timedelta(days=1)]

    def save_late(day: Reconciliation) -> None:
        if day.version == 0 and left:
            keeper.now(left.pop())
        save(day)

    monkeypatch.setattr(keeper.days, "save", save_late)
    keeper.run()

    assert _compared(keeper) == [*_days(4), None]


def test_every_day_is_compared_whichever_call_the_operator_s_command_is_killed_at() -> None:
    for after in range(1, 40):
        keeper = Bookkeeper()
        keeper.plan_days.first()
        for _ in range(3):
            keeper.paid(at_acquirer=False)
        keeper.clock.advance(hours=13)
        whole, killer = keeper.registry, Killer(after)
        keeper.registry = killer.around(whole)

        try:
            keeper.now()
        except Killed:
            is_over = False
        else:
            is_over = True
        keeper.registry = whole
        keeper.clock.advance(days=3, hours=3)
        keeper.run()

        assert _compared(keeper) == [*_days(4), None]
        if is_over:
            assert after > 3
            return
    raise AssertionError("it never finished")


def test_days_that_had_ended_go_on_where_they_ended(keeper: Bookkeeper) -> None:
    keeper.day_is_over()
    _compared_and_followed_by_none(keeper, TODAY)
    keeper.clock.advance(days=5)
    for days in (1, 3):  # by hand meanwhile
        keeper.now(TODAY + timedelta(days=days))

    for _ in range(2):
        keeper.plan_days.first()
    keeper.run()

    assert _compared(keeper) == [*_days(6), None]


def test_a_day_that_was_asked_for_before_the_first_one_is_compared_alone(keeper: Bookkeeper) -> None:
    long_ago = TODAY - timedelta(days=900)
    keeper.registry.books.append(make_charge("pay_of_nobody", captured_at=keeper.clock.now() - timedelta(days=900)))
    assert keeper.now(long_ago).open_incidents == 1
    keeper.clock.advance(hours=7)

    keeper.run()  # with open incidents it is compared again
    keeper.plan_days.first()

    assert keeper.day(long_ago).run == 2
    assert sorted(keeper.days.rows.rows) == [str(long_ago), str(TODAY)]


def test_begins_with_today_when_only_a_day_was_asked_for() -> None:
    keeper = Bookkeeper()
    keeper.now(TODAY - timedelta(days=1))

    keeper.plan_days.first()

    assert sorted(keeper.days.rows.rows) == ["2026-11-21", "2026-11-22"]


def _compared_and_followed_by_none(keeper: Bookkeeper, day: date) -> None:
    """Leave a day as the command did once."""
    row = keeper.day(day)
    row.begin_again(now=keeper.clock.now())
    keeper.compare(row)
    keeper.days.save(row)


def _days(count: int) -> list[date]:
    return [TODAY + timedelta(days=days) for days in range(count)]


def _compared(keeper: Bookkeeper) -> list[date | None]:
    """Return which days were compared, None for one that waits."""
    rows = sorted(keeper.days.rows.all(), key=lambda row: row.day)
    return [row.day if row.compared_at else None for row in rows]


def _unknown_here(keeper: Bookkeeper) -> None:
    keeper.registry.books.append(make_charge("pay_of_nobody"))


def _charged_and_declined_here(keeper: Bookkeeper) -> None:
    payment = make_payment(state=State.DECLINED)
    keeper.payments.save(payment)
    keeper.registry.books.append(make_charge(payment.payment_id))


def _charged_without_our_id(keeper: Bookkeeper) -> None:
    keeper.registry.books.append(make_charge("", acquirer_payment_id="acquirer-1"))


def _absent_there(keeper: Bookkeeper) -> None:
    keeper.paid(at_acquirer=False)


def _another_sum(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid(kopecks=100)
    keeper.registry.books[-1] = replace(charge, amount=Money(101))


def _charged_twice(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.registry.books.append(replace(charge, acquirer_payment_id="acquirer-again"))


def _charged_again_on_another_day(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.clock.advance(days=-1)
    keeper.registry.books[-1] = replace(charge, captured_at=keeper.clock.now())
    payment = keeper.payments.get(charge.payment_id)
    assert payment is not None
    payment.captured_at = keeper.clock.now()
    keeper.payments.save(payment)
    keeper.clock.advance(days=1)
    keeper.registry.books.append(replace(charge, acquirer_payment_id="acquirer-again"))


def _refund_unknown_here(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.registry.pay_back(charge, kopecks=100, at=keeper.clock.now())


def _refund_absent_there(keeper: Bookkeeper) -> None:
    payment, _ = keeper.paid()
    keeper.give_back(payment, acquirer_refund_id="refund-1")


def _another_sum_given_back(keeper: Bookkeeper) -> None:
    payment, charge = keeper.paid()
    refund = keeper.registry.pay_back(charge, kopecks=100)
    keeper.give_back(payment, acquirer_refund_id=refund.acquirer_refund_id, kopecks=200)


def _held(keeper: Bookkeeper) -> None:
    keeper.paid(state=State.CAPTURED, posted_at=None)


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (_unknown_here, "missing_here"),
        (_charged_and_declined_here, "missing_here"),
        (_charged_without_our_id, "missing_here"),
        (_absent_there, "missing_at_acquirer"),
        (_another_sum, "amount_differs"),
        (_charged_twice, "charged_twice"),
        (_charged_again_on_another_day, "charged_twice"),
        (_refund_unknown_here, "refund_missing_here"),
        (_refund_absent_there, "refund_missing_at_acquirer"),
        (_another_sum_given_back, "refund_amount_differs"),
        (_held, "not_posted"),
    ],
)
def test_each_kind_of_difference_is_one_incident_announced_once(
    keeper: Bookkeeper, plant: Callable[[Bookkeeper], None], kind: str
) -> None:
    keeper.paid()
    plant(keeper)
    keeper.day_is_over()

    keeper.run()
    keeper.clock.advance(hours=7)
    keeper.run()

    assert keeper.open_kinds() == [kind]
    assert len(keeper.announced()) == 1
    assert (keeper.day().state, keeper.day().run) == (ReconciliationState.DIFFERENT, 2)


def test_an_incident_says_which_money_where_and_what_we_call_the_payment(keeper: Bookkeeper) -> None:
    _another_sum(keeper)
    keeper.day_is_over()

    keeper.run()

    (incident,) = keeper.incidents.all_open()
    difference = incident.difference
    assert (difference.ours, difference.theirs, incident.payment_state) == (Money(100), Money(101), "posted")
    assert incident.incident_id == f"2026-11-22:{difference.payment_id}:amount_differs"


def test_money_that_is_credited_or_given_back_is_not_held(keeper: Bookkeeper) -> None:
    keeper.paid(state=State.CAPTURED, posted_at=None)
    payment, charge = keeper.paid(state=State.REFUNDED, posted_at=None)
    keeper.give_back(payment, acquirer_refund_id=keeper.registry.pay_back(charge, kopecks=45_000).acquirer_refund_id)
    keeper.day_is_over()

    keeper.run()

    assert keeper.open_kinds() == ["not_posted"]


def test_a_payment_that_stands_on_another_day_there_is_no_difference(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.registry.books[-1] = replace(charge, captured_at=charge.captured_at + timedelta(days=1))
    keeper.clock.advance(days=2)

    keeper.run()

    assert keeper.announced() == []


def test_what_a_list_leaves_out_and_the_acquirer_tells_when_asked_is_no_difference(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.registry.unlisted.add(charge.acquirer_payment_id)
    keeper.day_is_over()

    keeper.run()

    assert keeper.announced() == []


def test_a_payment_that_a_person_recorded_as_taken_is_looked_for_by_our_id(keeper: Bookkeeper) -> None:
    payment, charge = keeper.paid(acquirer_payment_id="")
    keeper.registry.books[-1] = replace(charge, captured_at=charge.captured_at - timedelta(minutes=5))
    keeper.registry.unlisted.add(charge.acquirer_payment_id)
    keeper.day_is_over()

    keeper.run()

    assert payment.acquirer_payment_id == ""
    assert keeper.announced() == []


def test_a_second_charge_that_was_given_back_is_settled_and_its_refund_no_difference(keeper: Bookkeeper) -> None:
    _charged_twice(keeper)
    keeper.day_is_over()
    keeper.run()
    assert keeper.open_kinds() == ["charged_twice"]

    keeper.registry.pay_back(keeper.registry.books[-1], kopecks=45_000)
    keeper.clock.advance(hours=6)
    keeper.run()

    assert (keeper.open_kinds(), keeper.day().state) == ([], ReconciliationState.EQUAL)


def test_what_is_settled_meanwhile_is_closed_and_is_announced_anew_when_it_comes_back(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid(at_acquirer=False)
    keeper.day_is_over()
    keeper.run()

    keeper.registry.books.append(charge)
    keeper.clock.advance(hours=6)
    keeper.run()
    assert (keeper.open_kinds(), keeper.day().state) == ([], ReconciliationState.EQUAL)

    keeper.registry.books.clear()
    assert keeper.now().open_incidents == 1
    assert len(keeper.announced()) == 2


def test_a_registry_that_is_away_is_asked_again_until_it_answers(keeper: Bookkeeper) -> None:
    keeper.paid()
    keeper.day_is_over()
    keeper.registry.down = True
    keeper.run(minutes=2)
    assert keeper.day().last_problem == "the acquirer does not answer"

    keeper.registry.down = False
    keeper.run(minutes=20)

    assert (keeper.day().state, keeper.day().last_problem) == (ReconciliationState.EQUAL, None)


def test_a_list_with_a_row_twice_is_believed_by_nobody(keeper: Bookkeeper) -> None:
    _, charge = keeper.paid()
    keeper.registry.extra.append(charge)
    keeper.day_is_over()

    keeper.run()

    assert (keeper.day().last_problem, keeper.announced()) == ("its list has a row twice", [])


def test_a_list_that_contradicts_everything_opens_no_thousand_incidents(keeper: Bookkeeper) -> None:
    keeper.registry.extra = [make_charge(f"pay_{number}") for number in range(1001)]
    keeper.day_is_over()

    keeper.run()

    assert (keeper.day().last_problem, keeper.announced()) == ("its list differs in 1001 payments", [])


def test_money_held_through_a_long_outage_is_told_however_much_it_is(keeper: Bookkeeper) -> None:
    for _ in range(1001):
        keeper.paid(state=State.CAPTURED, posted_at=None)
    keeper.day_is_over()

    keeper.run()

    assert len(keeper.announced()) == 1001


def test_finds_the_same_whichever_call_its_process_is_killed_at() -> None:
    for after in range(1, 40):
        keeper = Bookkeeper()
        keeper.plan_days.first()
        lost = [keeper.paid(at_acquirer=False)[0].payment_id for _ in range(3)]
        keeper.day_is_over()
        whole, killer = keeper.registry, Killer(after)
        keeper.registry = killer.around(whole)

        try:
            keeper.run()
        except Killed:
            keeper.registry = whole
            keeper.run(minutes=2)
        else:
            assert after > 3
            return

        assert sorted(keeper.announced()) == sorted(f"2026-11-22:{each}:missing_at_acquirer" for each in lost)
        assert keeper.day().open_incidents == 3
    raise AssertionError("it never finished")


def test_an_operator_has_a_day_compared_at_once(keeper: Bookkeeper) -> None:
    keeper.paid()
    keeper.day_is_over()

    assert keeper.now().state is ReconciliationState.EQUAL
    assert keeper.day().state is ReconciliationState.EQUAL


def test_an_operator_is_refused_a_day_that_is_not_over_and_told_when_the_acquirer_is_away(keeper: Bookkeeper) -> None:
    with pytest.raises(FieldInvalid):
        keeper.now()
    keeper.day_is_over()
    keeper.registry = ScriptedRegistry(down=True)

    with pytest.raises(RegistryUnavailable):
        keeper.now()

    assert keeper.day().state is ReconciliationState.DUE
