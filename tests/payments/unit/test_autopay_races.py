"""Lost races of the engine: what others save meanwhile neither doubles a charge nor makes it wait for a lease's end."""

import pytest

from services.chassis.errors import VersionConflict
from services.payments.domain.autopay_occasion import OccasionState
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.payment import Payment
from services.payments.domain.region_freeze import RegionFreeze
from tests.payments.autopay_scenes import at_threshold, due_by_date
from tests.payments.fake_world import World


def test_nobody_else_finds_the_occasion_due_while_its_payment_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = due_by_date()
    save, found_by_others = world.payments.save, []

    def save_while_others_look(payment: Payment) -> None:
        found_by_others.append(world.process().drive_occasions())
        save(payment)

    monkeypatch.setattr(world.payments, "save", save_while_others_look)
    world.process().drive_occasions()

    assert found_by_others == [False, False]  # when it is begun, and when it is captured
    assert [row.state for row in world.occasions.rows.all()] == [OccasionState.CHARGED]
    assert len(world.acquirer.charges) == 1


def test_a_charge_is_counted_however_many_others_of_its_region_are_counted_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = at_threshold()
    others_come_first(world, monkeypatch, times=30)

    world.process().run(minutes=1)

    assert len(world.acquirer.charges) == 1


def test_a_charge_that_could_not_be_counted_is_tried_again_soon_and_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = at_threshold()
    others_come_first(world, monkeypatch, times=60)

    process = world.process()
    while process.turn():
        pass
    charged_at_once = len(world.acquirer.charges)
    world.clock.advance(seconds=10)  # the lease is longer
    while process.turn():
        pass

    assert (charged_at_once, len(world.acquirer.charges)) == (0, 1)


def test_what_somebody_else_planned_for_an_occasion_meanwhile_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = due_by_date()
    [occasion] = world.occasions.rows.all()
    decided = world.rules.save

    def save_while_another_decides(rule: AutopayRule) -> None:
        monkeypatch.setattr(world.rules, "save", decided)
        world.clock.advance(seconds=61)
        world.process().drive_occasions()
        decided(rule)

    monkeypatch.setattr(world.rules, "save", save_while_another_decides)
    world.process().drive_occasions()
    after_both = world.occasions.get(occasion.decision_id)
    world.process().run(minutes=5)

    assert after_both is not None and after_both.state is OccasionState.CHARGED
    assert len(world.acquirer.charges) == 1


def others_come_first(world: World, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let so many saves of the region's count find that somebody else was counted."""
    save, lost = world.freezes.save, 0

    def save_too_late(freeze: RegionFreeze) -> None:
        nonlocal lost
        if lost < times:
            lost += 1
            raise VersionConflict("Somebody else was counted first.", id=freeze.region)
        save(freeze)

    monkeypatch.setattr(world.freezes, "save", save_too_late)
