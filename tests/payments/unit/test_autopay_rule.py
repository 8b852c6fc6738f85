"""Episodes of a threshold, periods of a date, and the end of a rule."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, AutopayRuleStopped, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold
from tests.payments.builders import A_MORNING, make_grounds, make_rule, rub

_MINIMUM = rub(100)


def threshold_rule() -> AutopayRule:
    return make_rule(trigger=Threshold(_MINIMUM))


def at(minutes: int) -> datetime:
    return A_MORNING + timedelta(minutes=minutes)


def test_one_crossing_is_one_episode_however_often_it_is_told() -> None:
    rule = threshold_rule()

    opened = [rule.observe(rub(90), as_of=at(minute)) for minute in range(20)]

    assert opened == [True] + [False] * 19


def test_the_minimum_itself_counts_and_only_a_balance_above_it_arms_again() -> None:
    rule = threshold_rule()

    opened = [rule.observe(balance, as_of=at(n)) for n, balance in enumerate([rub(100), rub(100), rub(101), rub(100)])]

    assert opened == [True, False, False, True]
    assert rule.episode_id == f"{rule.autopay_rule_id}:episode-2"


def test_a_balance_older_than_the_last_says_nothing() -> None:
    rule = threshold_rule()
    rule.observe(rub(90), as_of=at(10))

    rule.observe(rub(500), as_of=at(5))

    assert not rule.observe(rub(90), as_of=at(11))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60))
def test_episodes_are_exactly_the_downward_crossings(roubles: list[int]) -> None:
    rule = threshold_rule()

    opened = sum(rule.observe(rub(value), as_of=at(minute)) for minute, value in enumerate(roubles))

    below = [value <= 100 for value in roubles]
    crossings = sum(now and not before for before, now in zip([False, *below], below, strict=False))
    assert opened == crossings == rule.episode


def test_an_episode_that_found_money_under_way_is_given_back() -> None:
    rule, occasion = rule_with_money_under_way()

    rule.arm_again(occasion, old_mandate_active=False)

    assert rule.observe(rub(90), as_of=at(10))


def rule_with_money_under_way() -> tuple[AutopayRule, AutopayOccasion]:
    rule = threshold_rule()
    rule.observe(rub(90), as_of=at(0))
    occasion = rule.open_episode(now=at(0))
    assert occasion is not None
    grounds = make_grounds(trigger=rule.terms.trigger, balance=rub(90), balance_as_of=at(0), under_way=Money(100_000))
    occasion.decide(grounds, now=at(0))
    return rule, occasion


def test_an_episode_is_given_back_once_so_that_a_crossing_within_a_pause_is_not_made_up_for() -> None:
    rule, occasion = rule_with_money_under_way()
    rule.arm_again(occasion, old_mandate_active=False)
    rule.pause(until=at(60), now=at(5))

    for minute in (10, 20, 30):
        rule.arm_again(occasion, old_mandate_active=False)
        assert not rule.observe(rub(90), as_of=at(minute))
    rule.resume(now=at(40))
    rule.arm_again(occasion, old_mandate_active=False)

    assert not rule.observe(rub(90), as_of=at(50))
    assert not rule.observe(rub(500), as_of=at(55))
    assert rule.observe(rub(90), as_of=at(58))


def test_an_episode_is_not_given_back_after_a_crossing_within_a_pause() -> None:
    rule, occasion = rule_with_money_under_way()
    rule.observe(rub(500), as_of=at(5))
    rule.pause(until=at(60), now=at(6))
    rule.observe(rub(90), as_of=at(10))

    rule.arm_again(occasion, old_mandate_active=False)  # the region was silent at every look before
    rule.resume(now=at(40))

    assert not rule.observe(rub(90), as_of=at(50))


def test_an_episode_that_was_charged_is_not_given_back() -> None:
    rule = threshold_rule()
    rule.observe(rub(90), as_of=at(0))
    occasion = rule.open_episode(now=at(0))
    assert occasion is not None
    occasion.decide(make_grounds(trigger=rule.terms.trigger, balance=rub(90), balance_as_of=at(0)), now=at(0))

    rule.arm_again(occasion, old_mandate_active=False)

    assert not rule.observe(rub(90), as_of=at(10))


def test_an_episode_left_without_its_occasion_keeps_the_version_it_was_opened_under() -> None:
    rule = threshold_rule()
    rule.observe(rub(90), as_of=at(0))

    rule.change(rule.terms, now=at(1))

    occasion = rule.open_episode(now=at(2))
    assert occasion is not None
    assert (occasion.rule_version, rule.rule_version) == (1, 2)


def test_a_month_is_passed_once_even_when_the_day_is_moved_behind_it() -> None:
    rule = make_rule(trigger=DayOfMonth(23))
    assert rule.next_charge_at is not None
    charged_at = rule.next_charge_at
    rule.pass_period(now=charged_at)

    rule.change(make_rule(trigger=DayOfMonth(28)).terms, now=charged_at)

    assert rule.next_period == "2026-12"


def test_what_was_missed_is_not_made_up_for() -> None:
    rule = make_rule(trigger=FirstOfMonth())

    rule.pass_period(now=A_MORNING + timedelta(days=100))

    assert rule.next_period == "2027-04"


def test_a_stopped_rule_stays_stopped_and_keeps_its_first_reason() -> None:
    rule = make_rule()

    rule.stop(StopReason.CARD_REMOVED, now=A_MORNING)
    rule.stop(StopReason.SUBSCRIBER, now=A_MORNING)

    assert (rule.stop_reason, rule.next_charge_at) == (StopReason.CARD_REMOVED, None)
    with pytest.raises(AutopayRuleStopped):
        rule.change(rule.terms, now=A_MORNING)
