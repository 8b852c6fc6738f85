"""The engine over fakes: what stops a charge between its due time and the acquirer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_occasion import (
    AutopayOccasion,
    OccasionNotFound,
    OccasionNotHeld,
    OccasionState,
)
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth
from services.payments.domain.payment import PaymentKind, State
from tests.payments.autopay_scenes import at_threshold, due_by_date, reasons_of, world_with
from tests.payments.builders import make_payment, make_rule, rub
from tests.payments.fake_world import World


def test_a_card_removed_between_due_and_charge_is_not_charged_and_stops_the_rule() -> None:
    world, rule = due_by_date()

    world.process().remove_method(subscriber_id=rule.subscriber_id, payment_method_id=rule.terms.payment_method_id)
    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    assert {Reason.RULE_STOPPED, Reason.CARD_REMOVED} == set(reasons_of(world))
    stopped = world.rules.get(rule.autopay_rule_id)
    assert stopped is not None and stopped.stop_reason is StopReason.CARD_REMOVED


def test_a_changed_rule_does_not_charge_what_was_due_before() -> None:
    world, rule = due_by_date()
    changed = world.rules.get(rule.autopay_rule_id)
    assert changed is not None
    changed.change(make_rule(trigger=DayOfMonth(28)).terms, now=world.clock.now())
    world.rules.save(changed)

    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    assert Reason.RULE_CHANGED in reasons_of(world)


def test_charges_once_per_crossing_and_again_after_a_recovery() -> None:
    world, _rule = at_threshold()

    world.process().run(minutes=60)
    first = len(world.acquirer.charges)
    world.process().run(minutes=30)
    world.accounts.balance = rub(80)
    world.process().run(minutes=30)

    assert (first, len(world.acquirer.charges)) == (1, 2)


def test_a_silent_region_is_waited_for_and_nothing_is_decided_meanwhile() -> None:
    world, rule = at_threshold()
    world.process().observe_balance(
        billing_account_id=rule.billing_account_id, balance=rub(90), as_of=world.clock.now()
    )
    world.accounts.silent = True

    world.process().run(minutes=3)
    undecided = reasons_of(world)
    world.accounts.silent = False
    world.process().run(minutes=10)

    assert undecided == []
    assert reasons_of(world) == [Reason.BALANCE_AT_THRESHOLD]
    assert len(world.acquirer.charges) == 1


def test_a_manual_payment_under_way_means_a_skip_and_its_failure_a_charge_later() -> None:
    world, rule = at_threshold()
    manual = make_payment(
        kopecks=50_000,
        state=State.UNKNOWN,
        kind=PaymentKind.SAVED_CARD,
        billing_account_id=rule.billing_account_id,
        created_at=world.clock.now(),
    )
    world.payments.save(manual)

    world.process().run(minutes=5)
    skipped, charged_then = reasons_of(world), len(world.acquirer.charges)
    manual.version = world.payments.rows.rows[manual.payment_id].version
    manual.decline("insufficient_funds", now=world.clock.now())
    world.payments.save(manual)
    world.process().run(minutes=30)

    assert (skipped, charged_then) == ([Reason.MONEY_UNDER_WAY], 0)
    assert reasons_of(world) == [Reason.MONEY_UNDER_WAY, Reason.BALANCE_AT_THRESHOLD]
    assert len(world.acquirer.charges) == 1


def test_a_third_automatic_charge_within_a_day_is_held() -> None:
    world, _rule = at_threshold()

    for _ in range(4):
        world.accounts.balance = rub(90)
        world.process().run(minutes=30)
        world.accounts.balance = rub(900)
        world.process().run(minutes=30)

    assert len(world.acquirer.charges) == 2
    assert Reason.TOO_MANY_AUTOMATIC_CHARGES in reasons_of(world)


def test_the_rule_of_an_account_that_is_gone_stops() -> None:
    world, rule = at_threshold()
    world.accounts.gone = True

    world.process().run(minutes=2)

    stopped = world.rules.get(rule.autopay_rule_id)
    assert stopped is not None and stopped.stop_reason is StopReason.ACCOUNT_UNLINKED
    assert world.acquirer.charges == []


@pytest.mark.parametrize("reason", [Reason.ACCOUNT_DISPUTED, Reason.PROOF_OUTDATED, Reason.ACTION_NOT_ALLOWED])
@pytest.mark.parametrize("due", [due_by_date, at_threshold])
def test_what_accounts_does_not_allow_just_then_is_skipped_and_the_rule_stays(
    due: Callable[[], tuple[World, AutopayRule]], reason: Reason
) -> None:
    world, rule = due()
    world.accounts.obstacle = reason

    world.process().run(minutes=2)

    assert set(reasons_of(world)) == {reason}
    assert all(occasion.record.replays() for occasion in world.occasions.rows.all() if occasion.record)
    kept = world.rules.get(rule.autopay_rule_id)
    assert kept is not None and kept.is_active
    assert world.acquirer.charges == []


@pytest.mark.parametrize("reason", [Reason.ACCOUNT_DISPUTED, Reason.GRANT_FROZEN])
def test_a_threshold_that_was_crossed_during_a_dispute_is_charged_once_after_it(reason: Reason) -> None:
    world, _rule = at_threshold()
    world.accounts.obstacle = reason
    world.process().run(minutes=5)
    world.accounts.obstacle = None

    world.process().run(minutes=30)

    assert reasons_of(world)[-1] is Reason.BALANCE_AT_THRESHOLD
    assert len(world.acquirer.charges) == 1


def test_silent_accounts_are_waited_for_and_a_date_is_charged_once_they_answer() -> None:
    world, _rule = due_by_date()
    world.accounts.silent = True

    world.process().run(minutes=10)
    undecided = reasons_of(world)
    world.accounts.silent = False
    world.process().run(minutes=60)

    assert undecided == []
    assert reasons_of(world) == [Reason.DUE_BY_DATE]
    assert len(world.acquirer.charges) == 1


def test_a_date_that_comes_to_be_claimed_at_night_waits_for_the_morning() -> None:
    world, _rule = due_by_date()
    world.clock.moment = world.clock.moment.replace(hour=20, minute=0)  # 23:00 in Moscow

    world.process().run(minutes=30)
    at_night = len(world.acquirer.charges)
    world.clock.advance(hours=9)
    world.process().run(minutes=5)

    assert (at_night, len(world.acquirer.charges)) == (0, 1)


def test_a_date_missed_by_a_month_is_not_charged() -> None:
    world, _rule = due_by_date()

    world.clock.moment += timedelta(days=20)
    world.clock.moment = world.clock.moment.replace(hour=9)
    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    assert reasons_of(world) == [Reason.TOO_LATE]


def held_at_threshold() -> World:
    world, _rule = at_threshold()
    for _ in range(3):
        world.accounts.balance = rub(90)
        world.process().run(minutes=20)
        world.accounts.balance = rub(900) if len(world.acquirer.charges) < 2 else rub(90)
        world.process().run(minutes=20)
    assert len(world.acquirer.charges) == 2
    return world


def asked(world: World) -> AutopayOccasion:
    [occasion] = [row for row in world.occasions.rows.all() if row.asks_subscriber]
    return occasion


def test_a_third_charge_within_a_day_asks_and_is_made_on_the_subscribers_word() -> None:
    world = held_at_threshold()
    occasion = asked(world)

    for _ in range(2):
        world.process().answer_held(subscriber_id=occasion.subscriber_id, decision_id=occasion.decision_id, charge=True)
    world.process().run(minutes=5)

    assert len(world.acquirer.charges) == 3
    decided = world.occasions.get(occasion.decision_id)
    assert decided is not None and decided.state is OccasionState.CHARGED


def test_a_held_charge_that_is_dismissed_is_not_made_and_cannot_be_confirmed_any_more() -> None:
    world = held_at_threshold()
    occasion = asked(world)
    answer = world.process().answer_held

    answer(subscriber_id=occasion.subscriber_id, decision_id=occasion.decision_id, charge=False)
    world.process().run(minutes=5)

    with pytest.raises(OccasionNotHeld):
        answer(subscriber_id=occasion.subscriber_id, decision_id=occasion.decision_id, charge=True)
    with pytest.raises(OccasionNotFound):
        answer(subscriber_id="sub_stranger", decision_id=occasion.decision_id, charge=True)
    assert reasons_of(world)[-1] is Reason.SKIPPED_BY_SUBSCRIBER
    assert len(world.acquirer.charges) == 2


def test_a_held_charge_lapses_and_nothing_is_charged_meanwhile_though_the_day_is_over() -> None:
    world = held_at_threshold()

    for _ in range(23):
        world.clock.advance(hours=3)
        world.process().run(minutes=1)
    waiting = asked(world)
    world.clock.advance(hours=4)
    world.process().run(minutes=1)

    assert len(world.acquirer.charges) == 2
    lapsed = world.occasions.get(waiting.decision_id)
    assert lapsed is not None and lapsed.record is not None
    assert lapsed.record.decision.reasons == (Reason.HOLD_LAPSED,)


def test_a_paused_rule_charges_nothing_and_resuming_does_not_catch_up() -> None:
    world, rule = world_with(DayOfMonth(23))
    assert rule.next_charge_at is not None
    first = rule.next_charge_at
    pause = world.process().pause_rule

    pause(
        subscriber_id=rule.subscriber_id,
        autopay_rule_id=rule.autopay_rule_id,
        until=world.clock.now() + timedelta(days=10),
    )
    world.clock.moment = first
    world.process().run(minutes=5)
    world.clock.advance(hours=3)
    resumed = pause.resume(subscriber_id=rule.subscriber_id, autopay_rule_id=rule.autopay_rule_id)
    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    assert resumed.next_charge_at is not None and resumed.next_charge_at > first + timedelta(days=25)


def test_a_threshold_crossed_within_a_pause_is_waited_for_anew() -> None:
    world, rule = at_threshold()
    world.process().pause_rule(
        subscriber_id=rule.subscriber_id,
        autopay_rule_id=rule.autopay_rule_id,
        until=world.clock.now() + timedelta(hours=1),
    )

    world.process().run(minutes=90)
    caught_up = len(world.acquirer.charges)
    world.accounts.balance = rub(900)
    world.process().run(minutes=20)
    world.accounts.balance = rub(90)
    world.process().run(minutes=20)

    assert (caught_up, len(world.acquirer.charges)) == (0, 1)


def test_a_payment_by_hand_between_due_and_charge_means_a_skip() -> None:
    world, rule = due_by_date()
    world.payments.save(
        make_payment(
            kopecks=50_000,
            state=State.POSTED,
            billing_account_id=rule.billing_account_id,
            created_at=world.clock.now(),
        )
    )

    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    assert reasons_of(world) == [Reason.MANUAL_PAYMENT_JUST_BEFORE]


def test_never_two_debits_while_the_regions_old_mandate_is_active_and_one_after_it_ended() -> None:
    world, _rule = at_threshold()
    world.accounts.old_mandate_active = True

    world.process().run(minutes=60)
    while_active = (len(world.acquirer.charges), reasons_of(world))
    world.accounts.old_mandate_active = False
    world.process().run(minutes=60)

    assert while_active == (0, [Reason.OLD_MANDATE_ACTIVE])
    assert len(world.acquirer.charges) == 1
