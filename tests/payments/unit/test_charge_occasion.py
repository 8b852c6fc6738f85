"""From a decision to its charge: sent in the same step while the decision is fresh, asked about anew otherwise."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.payments.domain.acquirer import Silence
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_occasion import OccasionState
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.payment import Payment, State
from tests.payments.autopay_scenes import decided_and_not_sent, due_by_date, reasons_of
from tests.payments.fake_world import World


def test_a_charge_is_sent_and_its_outcome_known_in_the_step_that_decides() -> None:
    world, _rule = due_by_date()

    world.process().drive_occasions()

    [occasion] = world.occasions.rows.all()
    assert (occasion.state, occasion.due_at) == (OccasionState.CHARGED, None)
    assert len(world.acquirer.charges) == 1


def test_a_charge_whose_outcome_is_unknown_is_asked_about_and_its_occasion_follows() -> None:
    world, _rule = due_by_date()
    world.acquirer.script = [lambda _answer: Silence()]

    world.process().drive_occasions()
    [occasion] = world.occasions.rows.all()
    at_once = occasion.state
    world.process().run(minutes=5)

    assert at_once is OccasionState.CHARGING
    [occasion] = world.occasions.rows.all()
    assert occasion.state is OccasionState.CHARGED
    assert len(world.acquirer.charges) == 1


def _stop(world: World, rule: AutopayRule) -> None:
    world.process().drive_occasions.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.SUBSCRIBER)


def _remove_card(world: World, rule: AutopayRule) -> None:
    world.process().remove_method(subscriber_id=rule.subscriber_id, payment_method_id=rule.terms.payment_method_id)


def _end_autopay(world: World, rule: AutopayRule) -> None:
    world.process().end_autopay_of_account(billing_account_id=rule.billing_account_id)


@pytest.mark.parametrize("withdraw", [_stop, _remove_card, _end_autopay])
def test_what_is_withdrawn_while_the_charge_is_being_begun_is_not_charged(
    withdraw: Callable[[World, AutopayRule], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, rule = due_by_date()
    save = world.payments.save

    def save_after_the_withdrawal(payment: Payment) -> None:
        monkeypatch.undo()
        withdraw(world, rule)
        save(payment)

    monkeypatch.setattr(world.payments, "save", save_after_the_withdrawal)
    world.process().run(minutes=5)

    [payment] = world.payments.rows.all()
    assert payment.state is State.DECLINED
    assert world.acquirer.charges == []


def test_a_rule_stopped_between_decision_and_charge_is_not_charged() -> None:
    world, rule = due_by_date()
    process, made = world.process(), decided_and_not_sent(world)

    process.drive_occasions.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.SUBSCRIBER)
    process.run(minutes=5)

    payment = world.payments.get(made.payment_id)
    assert payment is not None and payment.decline_reason == "autopay_stopped"
    assert world.acquirer.charges == []


def test_a_pause_between_decision_and_charge_stops_the_charge() -> None:
    world, rule = due_by_date()
    process = world.process()
    decided_and_not_sent(world)

    process.pause_rule(
        subscriber_id=rule.subscriber_id,
        autopay_rule_id=rule.autopay_rule_id,
        until=world.clock.now() + timedelta(days=1),
    )
    process.run(minutes=5)

    assert world.acquirer.charges == []


def test_a_dispute_that_begins_between_decision_and_charge_stops_the_charge() -> None:
    world, _rule = due_by_date()
    process, made = world.process(), decided_and_not_sent(world)

    world.accounts.silent = True
    process.run(minutes=5)
    waiting = world.payments.get(made.payment_id)
    world.accounts.silent, world.accounts.obstacle = False, Reason.ACCOUNT_DISPUTED
    process.run(minutes=15)

    assert waiting is not None and waiting.state is State.CREATED
    payment = world.payments.get(made.payment_id)
    assert payment is not None and payment.decline_reason == "account_disputed"
    assert world.acquirer.charges == []


def test_a_decided_charge_that_waited_for_days_is_declined_and_decided_to_be_too_late() -> None:
    world, _rule = due_by_date()
    process, made = world.process(), decided_and_not_sent(world)

    world.clock.advance(days=3, minutes=1)
    process.run(minutes=5)

    payment = world.payments.get(made.payment_id)
    assert payment is not None and payment.decline_reason == "autopay_decision_outdated"
    assert reasons_of(world) == [Reason.TOO_LATE]
    assert world.acquirer.charges == []
