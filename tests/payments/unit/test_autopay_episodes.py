"""Threshold episodes over random interleavings: no storm, no double charge while money is under way, nothing decided on
stale data, and caps that hold through concurrent deciders."""

import random
from datetime import timedelta

import pytest

from services.chassis.errors import VersionConflict
from services.payments.domain.autopay_amount import Caps, UpToTarget
from services.payments.domain.autopay_decision import Outcome
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.payment import PaymentKind, State
from tests.payments.builders import make_method, make_occasion, make_payment, make_rule, rub
from tests.payments.fake_world import World

_MINIMUM = rub(100)


def world_with_threshold(*, caps: Caps | None = None) -> tuple[World, AutopayRule]:
    world = World()
    method = make_method()
    world.methods.save(method)
    rule = make_rule(
        trigger=Threshold(_MINIMUM),
        amount=UpToTarget(rub(400)),
        caps=caps or Caps(per_charge=rub(400)),
        payment_method_id=method.payment_method_id,
        subscriber_id=method.subscriber_id,
        created_at=world.clock.now(),
    )
    world.rules.save(rule)
    return world, rule


def settle_down(world: World) -> None:
    process = world.process()
    for _ in range(40):
        if not process.turn():
            return
    raise AssertionError("it does not come to rest: a storm")


@pytest.mark.parametrize("seed", range(40))
def test_at_most_one_charge_a_crossing_each_on_a_fresh_balance_at_the_minimum(seed: int) -> None:
    chance, (world, rule) = random.Random(seed), world_with_threshold()
    crossings, was_below = 0, False

    for _ in range(60):
        match chance.randrange(7):
            case 0 | 1:
                world.accounts.balance = rub(chance.randrange(-200, 600))
            case 2:
                world.accounts.silent = not world.accounts.silent
            case 3:  # an event of the past, delivered late or twice
                world.process().observe_balance(
                    billing_account_id=rule.billing_account_id,
                    balance=rub(chance.randrange(-200, 600)),
                    as_of=world.clock.now() - timedelta(hours=chance.randrange(1, 50)),
                )
            case 4:
                world.process().observe_balance(
                    billing_account_id=rule.billing_account_id,
                    balance=world.accounts.balance,
                    as_of=world.clock.now(),
                )
            case _:
                world.clock.advance(minutes=chance.randrange(1, 700))
        below = world.accounts.balance <= _MINIMUM
        crossings += below and not was_below
        settle_down(world)
        was_below = world.accounts.balance <= _MINIMUM

    assert len(world.acquirer.charges) <= crossings
    for occasion in world.occasions.rows.all():
        record = occasion.record
        if record is not None and record.decision.outcome is Outcome.CHARGE:
            assert record.grounds.balance is not None and record.grounds.balance <= _MINIMUM
            assert record.grounds.balance_as_of == record.grounds.now
            assert record.replays()
    assert charges_after_a_recovery_and_a_crossing(world) == 1


def charges_after_a_recovery_and_a_crossing(world: World) -> int:
    world.accounts.silent, world.accounts.balance = False, rub(900)
    for _ in range(5):  # what is held lapses meanwhile
        world.clock.advance(days=1)
        settle_down(world)
    before = len(world.acquirer.charges)
    world.accounts.balance = rub(50)
    world.clock.advance(minutes=20)
    settle_down(world)
    return len(world.acquirer.charges) - before


def test_nothing_is_charged_while_money_by_hand_is_under_way_and_no_more_than_is_missing_after() -> None:
    world, rule = world_with_threshold()
    world.accounts.balance = rub(50)
    manual = make_payment(
        kopecks=20_000,
        state=State.UNKNOWN,
        kind=PaymentKind.SAVED_CARD,
        billing_account_id=rule.billing_account_id,
        created_at=world.clock.now(),
    )
    world.payments.save(manual)

    world.process().run(minutes=30)

    assert world.acquirer.charges == []


def test_a_crossing_within_a_pause_is_not_charged_after_it_although_the_episode_before_it_was_given_back() -> None:
    world, rule = world_with_threshold()
    process = world.process()
    process.observe_balance(billing_account_id=rule.billing_account_id, balance=rub(90), as_of=world.clock.now())
    process.run(minutes=12)  # by then the balance has recovered
    process.pause_rule(
        subscriber_id=rule.subscriber_id,
        autopay_rule_id=rule.autopay_rule_id,
        until=world.clock.now() + timedelta(days=10),
    )
    process.run(minutes=12)
    world.accounts.balance = rub(50)
    process.run(minutes=30)

    process.pause_rule.resume(subscriber_id=rule.subscriber_id, autopay_rule_id=rule.autopay_rule_id)
    process.run(minutes=30)

    assert world.acquirer.charges == []
    assert charges_after_a_recovery_and_a_crossing(world) == 1


def test_two_occasions_of_an_account_are_never_decided_on_the_same_room_under_a_cap() -> None:
    """Two dispatchers hold one occasion each of one rule; each has read the rule before the other decided."""
    world, rule = world_with_threshold(caps=Caps(per_charge=rub(300), per_day=rub(300)))
    world.accounts.balance = rub(0)
    for number in (1, 2):
        world.occasions.save(
            make_occasion(
                decision_id=f"{rule.autopay_rule_id}:episode-{number}",
                autopay_rule_id=rule.autopay_rule_id,
                billing_account_id=rule.billing_account_id,
                opened_at=world.clock.now(),
                charge_due_at=world.clock.now(),
                due_at=world.clock.now(),
            )
        )
    first, second = world.process(), world.process()
    one, other = world.occasions.rows.claim(world.clock.now()), world.occasions.rows.claim(world.clock.now())
    assert one is not None and other is not None
    seen = world.rules.get(rule.autopay_rule_id)
    assert seen is not None

    first.drive_occasions._decide(one, seen)
    with pytest.raises(VersionConflict):
        second.drive_occasions._decide(other, seen)
    world.clock.advance(minutes=2)  # the leases run out
    world.process().run(minutes=5)

    assert sum(charge.amount.amount_minor for charge in world.acquirer.charges) <= 30_000
    assert len(world.acquirer.charges) == 1
