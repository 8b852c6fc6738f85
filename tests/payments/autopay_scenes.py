"""Where the engine's tests begin: a rule over fakes, and its charge about to fall due."""

from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold, Trigger
from services.payments.domain.payment import Payment
from tests.payments.builders import make_method, make_rule, rub
from tests.payments.fake_world import World


def world_with(trigger: Trigger) -> tuple[World, AutopayRule]:
    world = World()
    method = make_method()
    world.methods.save(method)
    rule = make_rule(
        autopay_rule_id="aru_1",  # a minute in the middle of the day: what waits for an hour stays within it
        trigger=trigger,
        payment_method_id=method.payment_method_id,
        subscriber_id=method.subscriber_id,
        created_at=world.clock.now(),
    )
    world.rules.save(rule)
    return world, rule


def due_by_date() -> tuple[World, AutopayRule]:
    world, rule = world_with(DayOfMonth(23))
    assert rule.next_charge_at is not None
    world.clock.moment = rule.next_charge_at
    world.process().open_due_occasions()
    return world, rule


def at_threshold() -> tuple[World, AutopayRule]:
    world, rule = world_with(Threshold(rub(100)))
    world.accounts.balance = rub(90)
    return world, rule


def decided_and_not_sent(world: World) -> Payment:
    """Have the due occasion decided on what accounts were slow to say: its payment is left to `DrivePayments`."""
    world.accounts.takes_s = 5
    world.process().drive_occasions()
    world.accounts.takes_s = 0
    [payment] = [row for row in world.payments.rows.all() if row.is_unsent]
    return payment


def reasons_of(world: World) -> list[Reason]:
    records = [occasion.record for occasion in world.occasions.rows.all()]
    return [reason for record in records if record for reason in record.decision.reasons]
