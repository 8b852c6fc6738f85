"""Declined automatic charges: each try is decided anew, as a payment of its own, when its class of decline says so."""

from datetime import datetime, timedelta

import pytest

from sandbox.acquirer.cards import DECLINE_REASONS
from services.payments.adapters.autopay_files import load_declines
from services.payments.domain.acquirer import Silence
from services.payments.domain.autopay_amount import Caps
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_occasion import AutopayOccasion, OccasionState
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold
from services.payments.domain.decline import DeclineClass
from services.payments.domain.payment import State
from tests.payments.autopay_scenes import decided_and_not_sent, world_with
from tests.payments.builders import make_method, make_rule, rub
from tests.payments.fake_world import World


def world_of_a_declining_card(*reasons: str, caps: Caps | None = None) -> tuple[World, AutopayRule]:
    """A threshold rule at its minimum whose charges are declined for these reasons, one after the other."""
    world = World()
    method = make_method()
    world.methods.save(method)
    rule = make_rule(
        trigger=Threshold(rub(100)),
        caps=caps,
        payment_method_id=method.payment_method_id,
        subscriber_id=method.subscriber_id,
        created_at=world.clock.now(),
    )
    world.rules.save(rule)
    world.accounts.balance = rub(90)
    world.acquirer.declines = list(reasons)
    return world, rule


def go_on(world: World) -> None:
    """Let time jump from one due moment of the occasions to the next, until nothing of them is due within a week."""
    world.process().run(minutes=2)
    end = world.clock.now() + timedelta(days=7)
    while (coming := _next_due(world)) is not None and coming < end:
        world.clock.moment = max(coming, world.clock.now())
        world.process().run(minutes=2)


def _next_due(world: World) -> datetime | None:
    due = [row.due_at for row in world.occasions.rows.all() if row.due_at is not None]
    return min(due, default=None)


def occasion_of(world: World) -> AutopayOccasion:
    [occasion] = world.occasions.rows.all()
    return occasion


def hours_of_tries(world: World) -> list[float]:
    tries = sorted(payment.created_at for payment in world.payments.rows.all())
    return [round((at - tries[0]).total_seconds() / 3600, 1) for at in tries]


@pytest.mark.parametrize(
    ("reason", "hours"),
    [
        ("insufficient_funds", [0, 24, 72, 120]),
        ("payment_method_limit_exceeded", [0, 24, 72, 120]),
        ("issuer_unavailable", [0, 0.5, 2, 12]),
        ("general_decline", [0]),
        ("fraud_suspected", [0]),
        ("card_expired", [0]),
        ("a_word_of_tomorrow", [0]),
    ],
)
def test_is_tried_again_as_its_class_says_and_then_given_up(reason: str, hours: list[float]) -> None:
    world, _ = world_of_a_declining_card(*[reason] * 9)

    go_on(world)

    assert hours_of_tries(world) == hours
    occasion = occasion_of(world)
    assert occasion.state is OccasionState.FAILED
    assert [ended.decline.reason for ended in occasion.tries] == [reason] * len(hours)
    assert world.acquirer.charges == []


def test_each_try_is_a_payment_of_its_own_and_the_first_success_ends_it() -> None:
    world, _ = world_of_a_declining_card("insufficient_funds")

    go_on(world)

    payments = sorted(world.payments.rows.all(), key=lambda payment: payment.created_at)
    assert [payment.state for payment in payments] == [State.DECLINED, State.POSTED]
    occasion = occasion_of(world)
    assert occasion.state is OccasionState.CHARGED
    assert occasion.payment_id == payments[1].payment_id
    assert occasion.tries[0].payment_id == payments[0].payment_id
    assert all(ended.record.replays() for ended in occasion.tries)


def test_a_try_is_decided_by_what_is_so_then() -> None:
    world, _ = world_of_a_declining_card("insufficient_funds")
    world.process().run(minutes=2)

    world.accounts.balance = rub(900)
    go_on(world)

    occasion = occasion_of(world)
    assert occasion.state is OccasionState.SKIPPED
    assert occasion.record is not None and occasion.record.decision.reasons == (Reason.BALANCE_RECOVERED,)


def test_declines_of_two_classes_each_have_their_own_schedule() -> None:
    world, _ = world_of_a_declining_card(
        "issuer_unavailable", "insufficient_funds", "issuer_unavailable", "insufficient_funds"
    )

    go_on(world)

    # 0.5 h after the bank, a day after the money, 2 h after the bank's first (past by then), 3 days after the money's
    assert hours_of_tries(world) == [0, 0.5, 24.5, 24.5, 72.5]
    assert occasion_of(world).state is OccasionState.CHARGED


def test_a_card_that_the_acquirer_calls_dead_stops_its_rule_whatever_is_printed_on_it() -> None:
    world, rule = world_of_a_declining_card("permission_revoked")

    go_on(world)

    stopped = world.rules.get(rule.autopay_rule_id)
    assert stopped is not None and stopped.stop_reason is StopReason.CARD_DEAD


def test_a_card_past_its_printed_date_is_charged() -> None:
    world, rule = world_of_a_declining_card()
    method = world.methods.get(rule.terms.payment_method_id)
    assert method is not None
    method.expires = "2020-01"
    world.methods.save(method)

    go_on(world)

    assert occasion_of(world).state is OccasionState.CHARGED


def test_an_unknown_outcome_is_asked_about_and_never_tried_anew() -> None:
    world, _ = world_of_a_declining_card()
    world.acquirer.script = [lambda told: Silence()]
    world.process().turn()
    world.process().turn()

    go_on(world)

    [payment] = world.payments.rows.all()
    assert payment.state is State.POSTED
    assert len(world.acquirer.charges) == 1


def test_a_removed_card_is_not_tried_again() -> None:
    world, rule = world_of_a_declining_card("insufficient_funds")
    world.process().run(minutes=2)

    world.process().remove_method(subscriber_id=rule.subscriber_id, payment_method_id=rule.terms.payment_method_id)
    go_on(world)

    assert len(world.payments.rows.all()) == 1
    record = occasion_of(world).record
    assert record is not None and Reason.CARD_REMOVED in record.decision.reasons


def test_what_was_decided_before_a_long_silence_is_decided_anew_before_it_is_charged() -> None:
    world, _ = world_of_a_declining_card()
    world.process().recheck_rules()
    decided = decided_and_not_sent(world)

    world.accounts.balance = rub(900)
    world.clock.advance(hours=2)
    go_on(world)

    outdated = world.payments.get(decided.payment_id)
    assert outdated is not None and outdated.decline_reason == "autopay_decision_outdated"
    assert world.acquirer.charges == []
    assert occasion_of(world).tries[0].decline.decline_class is DeclineClass.OUTDATED
    assert occasion_of(world).state is OccasionState.SKIPPED


def test_a_retry_of_a_date_waits_for_the_regions_morning() -> None:
    world, rule = world_with(DayOfMonth(23))
    assert rule.next_charge_at is not None
    world.clock.moment = rule.next_charge_at.replace(hour=16, minute=50)  # 19:50 in Moscow
    world.acquirer.declines = ["issuer_unavailable"]

    go_on(world)

    tries = sorted(payment.created_at for payment in world.payments.rows.all())
    assert len(tries) == 2
    assert (tries[1].hour, tries[1].minute) == (5, 0)


def test_the_table_knows_every_word_that_an_automatic_charge_can_be_declined_with() -> None:
    for_others = {
        "canceled_by_merchant",  # ours, in two stages
        "deal_expired",
        "expired_on_capture",
        "expired_on_confirmation",  # nobody is asked to confirm
        "rejected_by_timeout",
        "unsupported_mobile_operator",
    }

    known = set(load_declines().classes)

    assert DECLINE_REASONS - for_others <= known
    assert load_declines().class_of("invalid_request") is DeclineClass.UNKNOWN
