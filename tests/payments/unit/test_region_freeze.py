"""A region whose billing has gone mad: no more threshold charges than are allowed, an alarm, and a person's word."""

from datetime import timedelta

import structlog

from services.payments.adapters.autopay_files import load_freeze_limits
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_occasion import OccasionState
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold, Trigger
from services.payments.domain.region_freeze import FreezeLimits, RegionFreeze
from tests.payments.builders import A_MORNING, make_method, make_rule, rub
from tests.payments.fake_world import World

LIMITS = FreezeLimits(within=timedelta(hours=1), at_most=1000, share_percent=10, share_at_least=5)


def world_of_rules(count: int, *, region: str = "54", trigger: Trigger | None = None) -> World:
    world = World(freeze_limits=LIMITS)
    add_rules(world, count, region=region, trigger=trigger or Threshold(rub(100)))
    return world


def add_rules(world: World, count: int, *, region: str, trigger: Trigger) -> None:
    method = make_method()
    world.methods.save(method)
    for _ in range(count):
        world.rules.save(
            make_rule(
                trigger=trigger,
                region=region,
                payment_method_id=method.payment_method_id,
                subscriber_id=method.subscriber_id,
                created_at=world.clock.now(),
            )
        )


def test_a_billing_system_that_sets_all_balances_to_zero_charges_no_more_than_the_limit() -> None:
    world = world_of_rules(60)
    world.accounts.balance, world.accounts.keeps_balance = rub(0), True

    with structlog.testing.capture_logs() as logs:
        world.process().run(minutes=12)

    allowed = LIMITS.allowed(active_rules=60)
    assert (len(world.acquirer.charges), allowed) == (6, 6)
    assert [log for log in logs if log.get("alarm")] == [
        {"event": "autopay_region_frozen", "alarm": True, "region": "54", "fired": 6, "log_level": "error"}
    ]
    held = [row for row in world.occasions.rows.all() if row.state is OccasionState.HELD]
    assert len(held) == 54
    assert all(row.record is not None and row.record.decision.reasons[-1] is Reason.REGION_FROZEN for row in held)
    assert all(row.record is not None and row.record.replays() for row in held)
    assert not any(row.asks_subscriber for row in held)


def test_after_a_persons_word_what_is_held_is_decided_on_the_balances_of_then() -> None:
    world = world_of_rules(20)
    world.accounts.balance = rub(0)
    world.process().run(minutes=5)
    charged = len(world.acquirer.charges)

    world.accounts.balance = rub(900)  # the region has mended its books
    assert world.process().unfreeze(region="54", trusted_for=timedelta(0))
    world.process().run(minutes=65)

    assert len(world.acquirer.charges) == charged == 5
    assert {row.state for row in world.occasions.rows.all()} == {OccasionState.CHARGED, OccasionState.SKIPPED}


def test_a_region_that_is_trusted_for_a_while_charges_all_that_it_held() -> None:
    world = world_of_rules(20)
    world.accounts.balance, world.accounts.keeps_balance = rub(0), True
    world.process().run(minutes=5)

    world.process().unfreeze(region="54", trusted_for=timedelta(hours=24))
    world.process().run(minutes=65)

    assert len(world.acquirer.charges) == 20


def test_other_regions_and_dates_go_on() -> None:
    world = world_of_rules(20)
    add_rules(world, 3, region="77", trigger=Threshold(rub(100)))
    world.accounts.balance = rub(0)

    world.process().run(minutes=5)

    assert world.freezes.get("54").is_frozen
    assert not world.freezes.get("77").is_frozen
    assert len(world.acquirer.charges) == 5 + 3


def test_dates_are_not_counted() -> None:
    world = world_of_rules(20, trigger=DayOfMonth(23))
    world.clock.moment = max(row.next_charge_at for row in world.rules.rows.all() if row.next_charge_at)

    world.process().run(minutes=5)

    assert len(world.acquirer.charges) == 20


def test_an_occasion_counts_once_and_only_for_a_while() -> None:
    freeze = RegionFreeze(region="54")

    def let_through(decision_id: str, minutes: int) -> bool:
        now = A_MORNING + timedelta(minutes=minutes)
        return freeze.let_through(decision_id, active_rules=0, limits=LIMITS, now=now)

    assert all(let_through("aru_1:episode-1", minute) for minute in range(20))
    assert all(let_through(f"aru_{number}:episode-1", 21) for number in range(2, 6))
    assert all(let_through(f"aru_{number}:episode-1", 82) for number in range(6, 11))
    assert not let_through("aru_11:episode-1", 83)
    assert freeze.is_frozen


def test_a_region_of_few_rules_has_room_and_one_of_many_has_an_end() -> None:
    limits = load_freeze_limits()

    assert limits.allowed(active_rules=10) == limits.share_at_least
    assert limits.share_at_least < limits.allowed(active_rules=2_000) < limits.at_most
    assert limits.allowed(active_rules=1_000_000) == limits.at_most
