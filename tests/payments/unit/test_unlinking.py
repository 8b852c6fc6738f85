"""An account is unlinked: whatever autopay had in hand for it ends, wherever it stood; what the payer began goes on."""

from datetime import timedelta

import pytest

from services.payments.domain.autopay_amount import FixedSum
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_rule import AutopayRule, StopReason, Terms
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold, Trigger
from services.payments.domain.payment import PaymentKind, State
from tests.payments.autopay_scenes import decided_and_not_sent, due_by_date, reasons_of, world_with
from tests.payments.builders import make_method, make_payment, rub
from tests.payments.fake_world import Killed, Killer, World

_TRIGGERS = [DayOfMonth(23), Threshold(rub(100))]


def _world(trigger: Trigger) -> tuple[World, AutopayRule]:
    world, rule = world_with(trigger)
    world.accounts.balance = rub(90)
    return world, rule


def _stop_reason(world: World, rule: AutopayRule) -> StopReason | None:
    found = world.rules.get(rule.autopay_rule_id)
    assert found is not None
    return found.stop_reason


@pytest.mark.parametrize("trigger", _TRIGGERS)
def test_the_event_alone_stops_the_rule_and_nothing_is_charged_ever_after(trigger: Trigger) -> None:
    world, rule = _world(trigger)

    world.process().end_autopay_of_account(billing_account_id=rule.billing_account_id)
    world.process().run(minutes=60)
    world.clock.advance(hours=24 * 40)
    world.process().run(minutes=60)

    assert _stop_reason(world, rule) is StopReason.ACCOUNT_UNLINKED
    assert world.acquirer.charges == []


def test_an_occasion_that_waits_for_the_morning_is_closed_at_once_and_says_why() -> None:
    world, rule = due_by_date()
    world.clock.moment = world.clock.moment.replace(hour=20, minute=0)  # 23:00 in Moscow
    process = world.process()
    process.drive_occasions()
    assert reasons_of(world) == []

    process.end_autopay_of_account(billing_account_id=rule.billing_account_id)
    process.run(minutes=1)

    assert set(reasons_of(world)) == {Reason.RULE_STOPPED, Reason.ACCOUNT_UNLINKED}
    assert world.acquirer.charges == []
    [occasion] = world.occasions.rows.all()
    assert occasion.due_at is None and occasion.record is not None and occasion.record.replays()


def test_a_payment_that_was_made_and_not_sent_is_declined_at_once() -> None:
    world, rule = due_by_date()
    process, made = world.process(), decided_and_not_sent(world)

    process.end_autopay_of_account(billing_account_id=rule.billing_account_id)
    at_once = world.payments.get(made.payment_id)
    process.run(minutes=5)

    assert at_once is not None and (at_once.state, at_once.decline_reason) == (
        State.DECLINED,
        "billing_account_unlinked",
    )
    assert [type(event).__name__ for event in world.payments.published] == ["PaymentDeclined"]
    assert world.acquirer.charges == []


def test_the_event_between_the_last_look_and_the_charge_wins() -> None:
    world, rule = due_by_date()
    decided_and_not_sent(world)
    event_comes_after(world, rule, reads=1)

    world.process().run(minutes=5)

    [payment] = world.payments.rows.all()
    assert (payment.state, payment.decline_reason) == (State.DECLINED, "billing_account_unlinked")
    assert world.acquirer.charges == []


def event_comes_after(world: World, rule: AutopayRule, *, reads: int) -> None:
    """Have the event handled right after the rule was read that often: whoever read it believes that it stands."""
    read, left = world.rules.get, [reads]

    def get(autopay_rule_id: str, /) -> AutopayRule | None:
        found = read(autopay_rule_id)
        left[0] -= 1
        if left[0] == 0:
            world.process().end_autopay_of_account(billing_account_id=rule.billing_account_id)
        return found

    world.rules.get = get  # type: ignore[method-assign]


@pytest.mark.parametrize("trigger", _TRIGGERS)
def test_a_rule_saved_after_the_event_does_not_live(trigger: Trigger) -> None:
    """A slow request was let in while the account was linked; the event found no rule to stop."""
    world = World()
    method = make_method()
    world.methods.save(method)
    process, save = world.process(), world.rules.save

    def slow(rule: AutopayRule, /) -> None:
        world.accounts.gone = True
        process.end_autopay_of_account(billing_account_id=rule.billing_account_id)
        save(rule)

    world.rules.save = slow  # type: ignore[method-assign]
    rule = process.create_rule(
        request_id="slow",
        subscriber_id=method.subscriber_id,
        billing_account_id="acc_1",
        terms=Terms(payment_method_id=method.payment_method_id, trigger=trigger, amount=FixedSum(rub(500))),
    )
    world.rules.save = save  # type: ignore[method-assign]
    world.process().run(minutes=1)

    assert _stop_reason(world, rule) is StopReason.ACCOUNT_UNLINKED
    assert world.acquirer.charges == []


@pytest.mark.parametrize("trigger", _TRIGGERS)
def test_an_event_that_got_lost_is_made_up_for_within_a_day(trigger: Trigger) -> None:
    world, rule = _world(trigger)
    world.accounts.balance = rub(1000)
    world.process().run(minutes=5)

    world.accounts.gone = True
    world.clock.advance(hours=24)
    world.process().run(minutes=1)

    assert _stop_reason(world, rule) is StopReason.ACCOUNT_UNLINKED


def test_a_rule_is_looked_at_again_when_accounts_were_silent() -> None:
    world, rule = _world(DayOfMonth(23))
    world.accounts.silent = True
    world.process().run(minutes=1)
    assert _stop_reason(world, rule) is None
    world.accounts.silent, world.accounts.gone = False, True

    world.clock.advance(hours=25)
    world.process().run(minutes=1)

    assert _stop_reason(world, rule) is StopReason.ACCOUNT_UNLINKED


def test_a_charge_under_way_and_a_payment_by_hand_go_on() -> None:
    world, rule = _world(Threshold(rub(100)))
    now = world.clock.now()
    by_hand = make_payment(
        kopecks=30_000,
        state=State.AWAITING_CONFIRMATION,
        kind=PaymentKind.NEW_CARD,
        billing_account_id=rule.billing_account_id,
        created_at=now,
    )
    sent = make_payment(
        kopecks=20_000,
        state=State.CREATED,
        kind=PaymentKind.SAVED_CARD,
        billing_account_id=rule.billing_account_id,
        created_at=now,
    )
    sent.autopay_rule_id = rule.autopay_rule_id
    sent.begin_charge(now=now, grace=timedelta(seconds=12))
    for payment in (by_hand, sent):
        world.payments.save(payment)

    world.process().end_autopay_of_account(billing_account_id=rule.billing_account_id)

    states = [world.payments.rows.rows[payment.payment_id].state for payment in (by_hand, sent)]
    assert states == [State.AWAITING_CONFIRMATION, State.CREATED]


def test_killed_at_any_call_the_event_that_comes_again_ends_everything() -> None:
    def prepare() -> tuple[World, AutopayRule]:
        world, rule = due_by_date()
        decided_and_not_sent(world)
        world.clock.moment += timedelta(days=31)
        world.process().open_due_occasions()
        return world, rule

    for after in range(1, 60):
        world, rule = prepare()
        finished = _killed(world, rule, after=after)
        world.process().end_autopay_of_account(billing_account_id=rule.billing_account_id)
        world.process().run(minutes=5)

        assert _stop_reason(world, rule) is StopReason.ACCOUNT_UNLINKED
        assert {payment.state for payment in world.payments.rows.all()} == {State.DECLINED}
        assert all(occasion.record for occasion in world.occasions.rows.all())
        if finished:
            return
    raise AssertionError("it never finished")


def _killed(world: World, rule: AutopayRule, *, after: int) -> bool:
    """Handle the event in a process that dies after its n-th call; say whether it lived to the end."""
    try:
        world.process(Killer(after=after)).end_autopay_of_account(billing_account_id=rule.billing_account_id)
    except Killed:
        return False
    return True
