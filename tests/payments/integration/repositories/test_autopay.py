"""What automatic charges are decided by, and their counts and limits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.adapters.autopay_files import load_declines
from services.payments.domain.autopay_amount import Caps, UpToTarget
from services.payments.domain.autopay_decision import Word
from services.payments.domain.autopay_ports import RegionFreezeRepository
from services.payments.domain.autopay_rule import AutopayRuleExists, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.ports import (
    AlreadySaved,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    PagePosition,
    PayMonthRepository,
)
from services.payments.domain.region_freeze import RegionFreeze
from tests.payments.builders import (
    A_MORNING,
    FREEZE_LIMITS,
    make_grounds,
    make_occasion,
    make_payment,
    make_rule,
    rub,
)

_LATER = A_MORNING + timedelta(minutes=1)


class TestAutopayRuleRepository:
    @pytest.fixture
    def rules(self, build: Callable[[str], Any]) -> AutopayRuleRepository:
        repository: AutopayRuleRepository = build("rules")
        return repository

    @pytest.mark.parametrize("trigger", [FirstOfMonth(), DayOfMonth(31), Threshold(rub(100))])
    def test_returns_what_was_saved(self, rules: AutopayRuleRepository, trigger: Any) -> None:
        rule = make_rule(
            trigger=trigger, amount=UpToTarget(rub(7)), caps=Caps(per_charge=rub(9), per_day=rub(99)), region="54"
        )
        rule.observe(rub(5), as_of=_LATER)
        rule.paused_until, rule.charging_payment_id, rule.settled_episode = _LATER, "pay_1", 1
        rule.answered_period, rule.answer = "2026-12", Word.SKIP

        rules.save(rule)

        assert rules.get(rule.autopay_rule_id) == rule
        assert rules.by_request(subscriber_id=rule.subscriber_id, request_id=rule.request_id) == rule
        assert rules.active_of_account(billing_account_id=rule.billing_account_id) == rule
        assert rules.active_on_method(payment_method_id=rule.terms.payment_method_id) == [rule]
        assert rules.of_subscriber(subscriber_id=rule.subscriber_id) == [rule]

    def test_an_account_has_one_active_rule(self, rules: AutopayRuleRepository) -> None:
        first = make_rule(billing_account_id="acc_1")
        rules.save(first)

        with pytest.raises(AutopayRuleExists):
            rules.save(make_rule(billing_account_id="acc_1"))
        first.stop(StopReason.SUBSCRIBER, now=_LATER)
        rules.save(first)
        second = make_rule(billing_account_id="acc_1")
        rules.save(second)

        assert rules.active_of_account(billing_account_id="acc_1") == second
        assert rules.get(first.autopay_rule_id) == first

    def test_a_request_has_one_rule(self, rules: AutopayRuleRepository) -> None:
        rules.save(make_rule(subscriber_id="sub_1", request_id="r"))

        with pytest.raises(AlreadySaved):
            rules.save(make_rule(subscriber_id="sub_1", request_id="r"))

    def test_finds_what_is_due_by_date_longest_waiting_first(self, rules: AutopayRuleRepository) -> None:
        old = make_rule(created_at=A_MORNING - timedelta(days=90))
        older = make_rule(created_at=A_MORNING - timedelta(days=150))
        stopped = make_rule(created_at=A_MORNING - timedelta(days=90))
        stopped.stop(StopReason.SUBSCRIBER, now=A_MORNING)
        for rule in (old, older, stopped, make_rule(), make_rule(trigger=Threshold(rub(1)))):
            rules.save(rule)

        assert rules.due_by_date(now=A_MORNING, limit=9) == [older, old]
        assert rules.due_by_date(now=A_MORNING, limit=1) == [older]

    def test_finds_what_is_to_be_announced_and_announces_it_with_the_save(self, rules: AutopayRuleRepository) -> None:
        near, far = make_rule(trigger=DayOfMonth(23)), make_rule(trigger=FirstOfMonth())
        for rule in (near, far, make_rule(trigger=Threshold(rub(1)))):
            rules.save(rule)

        due = rules.due_to_announce(now=A_MORNING + timedelta(days=1), limit=9)
        due[0].announce(now=_LATER)
        rules.save(due[0])

        assert [rule.autopay_rule_id for rule in due] == [near.autopay_rule_id]
        assert due[0].pending_events == []
        assert rules.due_to_announce(now=A_MORNING + timedelta(days=1), limit=9) == []

    def test_counts_the_active_threshold_rules_of_a_region(self, rules: AutopayRuleRepository) -> None:
        stopped = make_rule(trigger=Threshold(rub(1)), region="54")
        stopped.stop(StopReason.SUBSCRIBER, now=_LATER)
        for rule in (
            stopped,
            make_rule(trigger=Threshold(rub(1)), region="54"),
            make_rule(trigger=FirstOfMonth(), region="54"),
            make_rule(trigger=Threshold(rub(1)), region="77"),
        ):
            rules.save(rule)

        assert rules.active_thresholds_in(region="54") == 1


class TestAutopayOccasionRepository:
    def test_keeps_the_whole_life_of_an_occasion(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        occasion = make_occasion(subscriber_id="sub_1", billing_account_id="acc_1")
        occasion.decide(make_grounds(), now=_LATER)
        occasion.await_payment(now=_LATER, backoff=standard_backoff())
        occasion.fail_try("insufficient_funds", table=load_declines(), now=_LATER)
        occasion.decide(make_grounds(automatic_charges_in_24_h=2), now=_LATER)
        occasion.confirm(now=_LATER)

        occasions.save(occasion)

        assert occasion.pending_events == []
        assert occasions.get(occasion.decision_id) == occasion

    def test_says_whether_another_occasion_of_the_account_asks_its_subscriber(
        self, build: Callable[[str], Any]
    ) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        asks = make_occasion(billing_account_id="acc_1")
        asks.decide(make_grounds(automatic_charges_in_24_h=2), now=_LATER)
        frozen = make_occasion(billing_account_id="acc_2")
        frozen.decide(make_grounds(region_frozen=True), now=_LATER)
        for occasion in (asks, frozen, make_occasion(billing_account_id="acc_3")):
            occasions.save(occasion)

        def asked(account: str, besides: str = "") -> bool:
            return occasions.held_of_account(billing_account_id=account, besides=besides)

        assert [asked("acc_1"), asked("acc_1", asks.decision_id), asked("acc_2"), asked("acc_3")] == [
            True,
            False,
            False,
            False,
        ]

    def test_keeps_decisions_with_all_their_grounds(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        grounds = make_grounds(
            trigger=Threshold(rub(100)), balance=rub(-20), balance_as_of=_LATER, under_way=rub(1), now=_LATER
        )
        decided = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:episode-1")
        decided.decide(grounds, now=_LATER)
        newer = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:2026-12", opened_at=_LATER)
        newer.decide(make_grounds(card_is_usable=False), now=_LATER)
        undecided = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:episode-2")
        for occasion in (decided, newer, undecided):
            occasions.save(occasion)

        listed = occasions.decided_of(autopay_rule_id="aru_1", size=9, after=None)
        after = PagePosition(at=newer.opened_at, row_id=newer.decision_id)

        assert listed == [newer, decided]
        assert all(occasion.record is not None and occasion.record.replays() for occasion in listed)
        assert occasions.decided_of(autopay_rule_id="aru_1", size=9, after=after) == [decided]
        assert occasions.get(undecided.decision_id) == undecided

    def test_an_occasion_is_opened_once(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        occasions.save(make_occasion(decision_id="aru_1:2026-11"))

        with pytest.raises(AlreadySaved):
            occasions.save(make_occasion(decision_id="aru_1:2026-11"))


class TestAutopayHistory:
    def test_returns_what_rules_of_an_account_charged_or_are_about_to(self, build: Callable[[str], Any]) -> None:
        rule: dict[str, Any] = {"billing_account_id": "acc_1", "autopay_rule_id": "aru_1"}
        mine = make_payment(**rule)
        for payment in [
            mine,
            make_payment(kopecks=2, state=State.UNKNOWN, autopay_rule_id="aru_2", billing_account_id="acc_1"),
            make_payment(kopecks=3, charge_begun_at=None, created_at=A_MORNING - timedelta(days=9), **rule),
            make_payment(state=State.DECLINED, **rule),
            make_payment(created_at=A_MORNING - timedelta(days=2), **rule),
            make_payment(billing_account_id="acc_1"),
            make_payment(autopay_rule_id="aru_1", billing_account_id="acc_2"),
        ]:
            build("payments").save(payment)

        past = build("history").automatic(
            billing_account_id="acc_1", since=A_MORNING - timedelta(days=1), besides=mine.payment_id
        )

        assert sorted(charge.amount.amount_minor for charge in past) == [2, 3]
        assert {charge.at for charge in past} == {A_MORNING, None}

    def test_sums_up_what_was_paid_by_hand_and_may_have_been_taken(self, build: Callable[[str], Any]) -> None:
        mine: dict[str, Any] = {"billing_account_id": "acc_1"}
        for payment in [
            make_payment(kopecks=1, state=State.POSTED, **mine),
            make_payment(kopecks=10, state=State.UNKNOWN, **mine),
            make_payment(kopecks=100, kind=PaymentKind.SAVED_CARD, **mine),
            make_payment(kopecks=1_000, state=State.AWAITING_CONFIRMATION, **mine),
            make_payment(kopecks=1_000, state=State.DECLINED, **mine),
            make_payment(kopecks=1_000, state=State.REFUNDED, **mine),
            make_payment(kopecks=1_000, state=State.POSTED, autopay_rule_id="aru_1", **mine),
            make_payment(kopecks=1_000, state=State.POSTED, created_at=A_MORNING - timedelta(days=2), **mine),
            make_payment(kopecks=1_000, state=State.POSTED, billing_account_id="acc_2"),
        ]:
            build("payments").save(payment)

        paid = build("history").paid_by_hand(billing_account_id="acc_1", since=A_MORNING - timedelta(days=1))

        assert paid == Money(111)


class TestRegionFreezeRepository:
    def test_keeps_what_fired_and_lets_one_of_two_savers_through(self, build: Callable[[str], Any]) -> None:
        freezes: RegionFreezeRepository = build("freezes")
        first, late = freezes.get("54"), freezes.get("54")
        first.let_through("aru_1:episode-1", active_rules=0, limits=FREEZE_LIMITS, now=_LATER)
        freezes.save(first)

        with pytest.raises(VersionConflict):
            freezes.save(late)

        assert freezes.get("54") == first
        assert freezes.get("77") == RegionFreeze(region="77")
        first.frozen_at, first.trusted_until = _LATER, _LATER
        freezes.save(first)
        assert freezes.get("54") == first


class TestPayMonthRepository:
    @pytest.fixture
    def months(self, build: Callable[[str], Any]) -> PayMonthRepository:
        repository: PayMonthRepository = build("months")
        return repository

    def test_returns_what_was_saved_and_an_empty_month_before(self, months: PayMonthRepository) -> None:
        month = months.get("acc_1:2026-11")
        assert (month.set_aside, month.version) == ({}, 0)
        month.reserve("pay_1", rub(2**40), limit=rub(2**41), now=A_MORNING)
        month.reserve("pay_2", rub(1), limit=rub(2**41), now=_LATER)
        months.save(month)

        assert months.get("acc_1:2026-11") == month
        assert months.get("acc_1:2026-12").set_aside == {}

    def test_of_two_who_set_something_aside_at_once_one_is_saved(self, months: PayMonthRepository) -> None:
        one, other = months.get("acc_1:2026-11"), months.get("acc_1:2026-11")
        one.reserve("pay_1", rub(1), limit=rub(2), now=A_MORNING)
        other.reserve("pay_2", rub(1), limit=rub(2), now=A_MORNING)
        months.save(one)

        with pytest.raises(VersionConflict):
            months.save(other)

        assert list(months.get("acc_1:2026-11").set_aside) == ["pay_1"]
