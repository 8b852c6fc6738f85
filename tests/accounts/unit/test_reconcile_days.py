"""Every day of a region is compared, once it is over there; what differs is an incident for as long as it differs."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import pytest

from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.reconciliation import Reconciliation, ReconciliationState, Totals
from services.chassis.errors import FieldInvalid
from services.chassis.money import Money
from tests.accounts.auditor import TODAY, Auditor
from tests.accounts.builders import make_answer, make_posting
from tests.accounts.posting_office import Killed
from tests.accounts.reconciliation_fakes import make_booked


@pytest.fixture
def auditor() -> Auditor:
    subject = Auditor()
    subject.plan_days.first(["54"])
    return subject


def test_equal_books_come_to_equal_sums_and_no_incident(auditor: Auditor) -> None:
    for kopecks in (100, 200, 300):
        auditor.posted(kopecks=kopecks)
    auditor.day_is_over()

    auditor.run()

    day = auditor.day()
    assert (day.state, day.ours, day.theirs) == (ReconciliationState.EQUAL, Totals(3, Money(600)), day.ours)
    assert auditor.announced() == []
    assert auditor.region.calls == ["booked_payments", "booked_payments"]


def test_a_day_is_compared_when_it_is_over_in_its_region_and_has_settled(auditor: Auditor) -> None:
    auditor.clock.advance(hours=7.4)  # 23:54 in Novosibirsk
    assert not auditor.step()
    auditor.clock.advance(hours=4)
    assert not auditor.step()

    auditor.clock.advance(hours=0.2)

    assert auditor.step()


def test_each_day_follows_the_one_before_also_after_a_week_of_standing_still(auditor: Auditor) -> None:
    auditor.clock.advance(days=7)

    auditor.run()

    states = [auditor.day(TODAY + timedelta(days=days)).state for days in range(8)]
    assert states == [ReconciliationState.EQUAL] * 7 + [ReconciliationState.DUE]


def test_a_region_that_was_compared_before_begins_with_no_other_day(auditor: Auditor) -> None:
    auditor.clock.advance(days=3)

    auditor.plan_days.first(["54"])

    assert list(auditor.days.shelf.kept) == ["54:2026-11-22"]


def test_every_day_is_compared_also_after_an_operator_has_compared_one_within_its_grace(auditor: Auditor) -> None:
    auditor.clock.advance(hours=9)  # 01:30 in Novosibirsk

    assert auditor.now().state is ReconciliationState.EQUAL
    auditor.clock.advance(days=7, hours=3)
    auditor.run()

    assert _compared(auditor) == [*_days(8), None]


def test_days_that_an_operator_compared_while_nothing_ran_leave_out_none_of_the_others(auditor: Auditor) -> None:
    auditor.clock.advance(days=7)
    for days in (2, 3, 5):
        auditor.now(TODAY + timedelta(days=days))

    auditor.run()

    assert _compared(auditor) == [*_days(7), None]


def test_a_day_that_an_operator_compares_while_it_is_being_planned_ends_nothing(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor.clock.advance(days=4)
    save, left = auditor.days.save, [TODAY + timedelta(days=1)]

    def save_late(day: Reconciliation) -> None:
        if day.version == 0 and left:
            auditor.now(left.pop())
        save(day)

    monkeypatch.setattr(auditor.days, "save", save_late)
    auditor.run()

    assert _compared(auditor) == [*_days(4), None]


@pytest.mark.parametrize("lists", [True, False])
def test_every_day_is_compared_whichever_call_the_operator_s_command_is_killed_at(lists: bool) -> None:
    for after in range(1, 30):
        auditor = Auditor()
        auditor.plan_days.first(["54"])
        auditor.region.lists = lists
        for _ in range(3):
            auditor.posted(in_region=False)
        auditor.clock.advance(hours=9)
        auditor.region.trouble = _killing(after)

        with suppress(Killed):
            auditor.now()
        is_over = len(auditor.region.calls) < after
        auditor.region.up()
        auditor.clock.advance(days=3, hours=3)
        auditor.run()

        assert _compared(auditor) == [*_days(4), None]
        if is_over:
            return
    raise AssertionError("it never finished")


def test_a_region_whose_days_had_ended_goes_on_where_they_ended(auditor: Auditor) -> None:
    auditor.day_is_over()
    _compared_and_followed_by_none(auditor, TODAY)
    auditor.clock.advance(days=5)
    for days in (1, 3):  # by hand meanwhile
        auditor.now(TODAY + timedelta(days=days))

    for _ in range(2):
        auditor.plan_days.first(["54"])
    auditor.run()

    assert _compared(auditor) == [*_days(6), None]


def test_a_day_that_was_asked_for_before_the_first_one_is_compared_alone(auditor: Auditor) -> None:
    long_ago = TODAY - timedelta(days=4000)
    auditor.region.extra = [make_booked("pay_unknown", posted_at=auditor.clock.now() - timedelta(days=4000))]
    assert auditor.now(long_ago).open_incidents == 1
    auditor.clock.advance(hours=7)

    auditor.run()  # with open incidents it is compared again
    auditor.plan_days.first(["54"])

    assert auditor.day(long_ago).run == 2
    assert sorted(auditor.days.shelf.kept) == [f"54:{long_ago}", f"54:{TODAY}"]


def test_a_region_of_which_only_a_day_was_asked_for_begins_with_today() -> None:
    auditor = Auditor()
    auditor.now(TODAY - timedelta(days=1))

    auditor.plan_days.first(["54"])

    assert sorted(auditor.days.shelf.kept) == ["54:2026-11-21", "54:2026-11-22"]


def _compared_and_followed_by_none(auditor: Auditor, day: date) -> None:
    """Leave a day as the command did once."""
    row = auditor.day(day)
    row.begin_again(now=auditor.clock.now())
    auditor.compare(row)
    auditor.days.save(row)


def _days(count: int) -> list[date]:
    return [TODAY + timedelta(days=days) for days in range(count)]


def _compared(auditor: Auditor) -> list[date | None]:
    """Return which days were compared, None for one that waits."""
    rows = sorted(auditor.days.shelf.kept.values(), key=lambda row: row.day)
    return [row.day if row.compared_at else None for row in rows]


def test_money_that_the_region_lost_is_the_worst_and_is_announced_once(auditor: Auditor) -> None:
    lost = auditor.posted(in_region=False)
    auditor.posted()
    auditor.day_is_over()

    auditor.run()
    auditor.clock.advance(hours=7)
    auditor.run()

    assert auditor.announced() == [f"54:2026-11-22:{lost.payment_id}:missing_in_region"]
    assert (auditor.open_kinds(), auditor.day().state) == (["missing_in_region"], ReconciliationState.DIFFERENT)
    assert auditor.day().run == 2


def test_sums_that_agree_by_chance_hide_no_difference(auditor: Auditor) -> None:
    auditor.posted(kopecks=100, in_region=False)
    auditor.region.extra = [make_booked("pay_unknown", kopecks=100, posted_at=auditor.clock.now())]
    auditor.day_is_over()

    auditor.run()

    assert auditor.day().ours == auditor.day().theirs
    assert sorted(auditor.open_kinds()) == ["missing_here", "missing_in_region"]


@pytest.mark.parametrize("lists", [True, False])
def test_another_sum_is_an_incident_whether_the_region_lists_its_postings_or_not(auditor: Auditor, lists: bool) -> None:
    auditor.region.lists = lists
    posting = auditor.posted(kopecks=100)
    auditor.region.books[posting.payment_id] = make_answer(posting, kopecks=101, at=auditor.clock.now())
    auditor.day_is_over()

    auditor.run()

    (incident,) = auditor.incidents.of_day("54", TODAY)
    difference = incident.difference
    assert (difference.kind.value, difference.ours, difference.theirs) == ("amount_differs", Money(100), Money(101))


def test_a_payment_posted_twice_is_an_incident_with_all_that_was_posted(auditor: Auditor) -> None:
    posting = auditor.posted(kopecks=100)
    auditor.region.extra = [make_booked(posting.payment_id, kopecks=100, posted_at=auditor.clock.now())]
    auditor.day_is_over()

    auditor.run()

    (incident,) = auditor.incidents.of_day("54", TODAY)
    assert (incident.difference.kind.value, incident.difference.theirs) == ("posted_twice", Money(200))


def test_money_that_was_paid_back_and_credited_all_the_same_is_seen(auditor: Auditor) -> None:
    posting = make_posting(now=auditor.clock.now())
    posting.refuse("ACCOUNT_CLOSED", now=auditor.clock.now())
    auditor.postings.save(posting)
    auditor.region.books[posting.payment_id] = make_answer(posting, at=auditor.clock.now())
    auditor.day_is_over()

    auditor.run()

    (incident,) = auditor.incidents.of_day("54", TODAY)
    assert (incident.difference.kind.value, incident.posting_state) == ("missing_here", "refused")


def test_a_payment_that_stands_on_another_day_in_both_books_is_no_difference(auditor: Auditor) -> None:
    posting = auditor.posted()
    auditor.region.books.clear()
    moved = make_answer(posting, at=auditor.clock.now() + timedelta(days=1))
    auditor.region.books[posting.payment_id] = moved
    auditor.clock.advance(days=2)

    auditor.run()

    assert auditor.announced() == []


def test_what_is_settled_meanwhile_is_closed_and_is_announced_anew_when_it_comes_back(auditor: Auditor) -> None:
    lost = auditor.posted(in_region=False)
    auditor.day_is_over()
    auditor.run()

    found: RegionalPosting = make_answer(lost, at=auditor.clock.now() - timedelta(days=1))
    auditor.region.books[lost.payment_id] = found
    auditor.clock.advance(hours=6)
    auditor.run()
    assert (auditor.open_kinds(), auditor.day().state) == ([], ReconciliationState.EQUAL)

    auditor.region.books.clear()
    assert auditor.now().open_incidents == 1
    assert len(auditor.announced()) == 2


def test_a_region_that_lists_nothing_is_asked_for_each_payment_and_not_faster_than_it_may_be(
    auditor: Auditor,
) -> None:
    auditor.region.lists = False
    for _ in range(5):
        auditor.posted(kopecks=100)
        auditor.clock.advance(seconds=1)
    lost = auditor.posted(kopecks=100, in_region=False)
    auditor.day_is_over()

    assert auditor.step()
    assert not auditor.step()
    assert auditor.region.calls.count("posting") == 2
    auditor.run()

    assert auditor.region.calls.count("posting") == 6
    assert auditor.announced() == [f"54:2026-11-22:{lost.payment_id}:missing_in_region"]
    assert (auditor.day().ours, auditor.day().theirs) == (Totals(6, Money(600)), None)


def test_what_only_a_list_can_show_is_not_closed_for_want_of_a_list(auditor: Auditor) -> None:
    auditor.region.extra = [make_booked("pay_unknown", posted_at=auditor.clock.now())]
    auditor.day_is_over()
    auditor.run()

    auditor.region.lists = False
    auditor.clock.advance(hours=6)
    auditor.run()

    assert auditor.open_kinds() == ["missing_here"]


def test_a_region_that_is_away_is_asked_again_until_it_answers(auditor: Auditor) -> None:
    auditor.posted()
    auditor.day_is_over()
    auditor.region.down()
    auditor.run()
    assert (auditor.day().state, auditor.day().last_problem) == (ReconciliationState.DUE, "REGION_UNAVAILABLE")

    auditor.region.up()
    auditor.run(minutes=6)

    assert auditor.day().state is ReconciliationState.EQUAL
    assert auditor.day().last_problem is None


def test_a_list_that_contradicts_its_own_totals_is_believed_by_nobody(auditor: Auditor) -> None:
    auditor.posted()
    auditor.region.totals = Totals(1, Money(1))
    auditor.day_is_over()

    auditor.run()

    assert auditor.day().last_problem == "its totals are not those of its list"
    assert auditor.announced() == []


def test_a_list_that_contradicts_everything_opens_no_thousand_incidents(auditor: Auditor) -> None:
    now = auditor.clock.now()
    auditor.region.extra = [make_booked(f"pay_{number}", posted_at=now) for number in range(1001)]
    auditor.day_is_over()

    auditor.run(minutes=1)

    assert auditor.day().last_problem == "its list differs in 1001 payments"
    assert auditor.announced() == []


def _killing(after: int) -> Callable[[str], None]:
    left = [after]

    def trouble(_method: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    return trouble


@pytest.mark.parametrize("lists", [True, False])
def test_finds_the_same_whichever_call_its_process_is_killed_at(lists: bool) -> None:
    for after in range(1, 30):
        auditor = Auditor()
        auditor.plan_days.first(["54"])
        auditor.region.lists = lists
        lost = [auditor.posted(in_region=False).payment_id for _ in range(3)]
        auditor.day_is_over()
        auditor.region.trouble = _killing(after)

        try:
            auditor.run()
        except Killed:
            auditor.region.up()
            auditor.run()
        else:
            return

        assert sorted(auditor.announced()) == sorted(f"54:2026-11-22:{each}:missing_in_region" for each in lost)
        assert auditor.day().open_incidents == 3
    raise AssertionError("it never finished")


def test_an_operator_has_a_day_compared_at_once(auditor: Auditor) -> None:
    auditor.region.lists = False
    for _ in range(3):
        auditor.posted(kopecks=100)
    auditor.day_is_over()

    compared = auditor.now()

    assert (compared.state, compared.ours) == (ReconciliationState.EQUAL, Totals(3, Money(300)))
    assert auditor.waited == [1.0]
    assert auditor.day().state is ReconciliationState.EQUAL


def test_an_operator_is_refused_a_day_that_is_not_over_and_told_of_a_region_that_is_away(auditor: Auditor) -> None:
    with pytest.raises(FieldInvalid):
        auditor.now()
    auditor.day_is_over()
    auditor.region.down()

    with pytest.raises(RegionUnavailable):
        auditor.now()

    assert auditor.day().state is ReconciliationState.DUE
