"""Autopay over real gRPC, MongoDB and the sandbox acquirer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.common.v1 import money_pb2
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.grpc_client import RemoteError
from services.chassis.ids import new_id
from services.payments.application.open_occasions import OpenDueOccasions
from services.payments.domain.autopay_trigger import Threshold
from tests.payments.builders import make_method, make_rule, rub
from tests.payments.integration.conftest import PaymentsWorld
from tests.support import eventually

_ACCOUNT = "acc_" + "7" * 32


def money(kopecks: int) -> money_pb2.Money:
    return money_pb2.Money(amount_minor=kopecks, currency="RUB")


def day(number: int) -> pb.AutopayTrigger:
    return pb.AutopayTrigger(day_of_month=pb.DayOfMonth(day=number))


def threshold(kopecks: int) -> pb.AutopayTrigger:
    return pb.AutopayTrigger(threshold=pb.Threshold(minimum_balance=money(kopecks)))


def a_card(world: PaymentsWorld) -> str:
    """Return the id of a card that the acquirer does not know: for what never gets there."""
    method = make_method(subscriber_id=world.me)
    world.parts.storage.methods.save(method)
    return method.payment_method_id


def create(world: PaymentsWorld, card: str, **fields: Any) -> pb.AutopayRule:
    defaults: dict[str, Any] = {
        "request_id": new_id("req"),
        "billing_account_id": _ACCOUNT,
        "payment_method_id": card,
        "trigger": day(15),
        "amount": money(50_000),
    }
    rule: pb.AutopayRule = world.ask("CreateAutopayRule", pb.CreateAutopayRuleRequest(**defaults | fields)).autopay_rule
    return rule


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(RemoteError) as caught:
        call()
    return caught.value.reason


def decisions(world: PaymentsWorld, rule_id: str) -> list[pb.AutopayDecision]:
    request = pb.ListAutopayDecisionsRequest(autopay_rule_id=rule_id)
    return list(world.ask("ListAutopayDecisions", request).decisions)


def test_a_rule_is_set_once_seen_changed_and_stopped(world: PaymentsWorld) -> None:
    card = a_card(world)
    rule = create(world, card, request_id="once")

    again = create(world, card, request_id="once")
    changed = world.ask(
        "UpdateAutopayRule",
        pb.UpdateAutopayRuleRequest(
            autopay_rule_id=rule.autopay_rule_id, payment_method_id=card, trigger=threshold(10_000), amount=money(1_000)
        ),
    ).autopay_rule
    stop = pb.StopAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id)
    stopped = [world.ask("StopAutopayRule", stop).autopay_rule for _ in range(2)]

    assert again == rule and rule.rule_version == 1 and rule.HasField("next_charge_at")
    assert (changed.rule_version, changed.HasField("next_charge_at")) == (2, False)
    assert changed.trigger == threshold(10_000)
    assert stopped[0] == stopped[1]
    assert (stopped[0].state, stopped[0].stop_reason) == (pb.AUTOPAY_RULE_STATE_STOPPED, "SUBSCRIBER")
    assert set(world.accounts.actions) == {accounts_pb2.ACTION_MANAGE, accounts_pb2.ACTION_PAY}
    listed = world.ask("ListAutopayRules", pb.ListAutopayRulesRequest()).autopay_rules
    assert list(listed) == [stopped[0]]
    create(world, card)  # the account is free for a new consent


def test_refuses_what_cannot_be_agreed_to(world: PaymentsWorld) -> None:
    card = a_card(world)
    rule = create(world, card, request_id="first")
    world.accounts.foreign.add("acc_foreign")
    stranger = "sub_" + "2" * 32

    def update(subscriber: str) -> object:
        request = pb.UpdateAutopayRuleRequest(
            autopay_rule_id=rule.autopay_rule_id, payment_method_id=card, trigger=day(1), amount=money(1)
        )
        return world.ask("UpdateAutopayRule", request, subscriber=subscriber)

    def get(subscriber: str) -> object:
        return world.ask(
            "GetAutopayRule", pb.GetAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id), subscriber=subscriber
        )

    other = {"billing_account_id": "acc_other"}
    empty = pb.AutopayTrigger(threshold=pb.Threshold())
    assert refused(lambda: create(world, card)) == "AUTOPAY_RULE_EXISTS"
    assert refused(lambda: create(world, card, request_id="first", amount=money(1))) == "REQUEST_ID_REUSED"
    assert refused(lambda: create(world, card, request_id="")) == "REQUEST_ID_MISSING"
    assert refused(lambda: create(world, card, trigger=day(32), **other)) == "DAY_OUT_OF_RANGE"
    assert refused(lambda: create(world, card, trigger=pb.AutopayTrigger(), **other)) == "TRIGGER_MISSING"
    assert refused(lambda: create(world, card, trigger=empty, **other)) == "THRESHOLD_MISSING"
    assert refused(lambda: create(world, card, amount=money(0), **other)) == "AMOUNT_NOT_POSITIVE"
    assert refused(lambda: create(world, "pm_none", **other)) == "PAYMENT_METHOD_NOT_FOUND"
    assert refused(lambda: create(world, card, billing_account_id="acc_foreign")) == "BILLING_ACCOUNT_NOT_FOUND"
    assert refused(lambda: update(stranger)) == "AUTOPAY_RULE_NOT_FOUND"
    assert refused(lambda: get(stranger)) == "AUTOPAY_RULE_NOT_FOUND"


def test_forecasts_a_year_in_the_regions_calendar(world: PaymentsWorld) -> None:
    rule = create(world, a_card(world), trigger=day(31))

    answer = world.ask("ForecastAutopayRule", pb.ForecastAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id))

    assert len(answer.charges) in {11, 12, 13}  # of 365 days
    assert answer.charges[0].charge_at == rule.next_charge_at
    assert all(int(charge.local_date[8:]) >= 28 for charge in answer.charges)


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize("of_before", [False, True])
def test_a_threshold_charges_once_and_keeps_its_decision(world: PaymentsWorld, of_before: bool) -> None:
    world.accounts.of_before = of_before
    card = world.save_card().payment_method_id
    world.accounts.balance_minor = 9_000

    rule = create(world, card, trigger=threshold(10_000))
    [decision] = eventually(lambda: [found for found in decisions(world, rule.autopay_rule_id) if found.payment_id])
    payment = world.reaches(decision.payment_id, pb.PAYMENT_STATE_POSTED)

    assert payment.autopay_rule_id == rule.autopay_rule_id
    assert (decision.outcome, list(decision.reasons)) == ("charge", ["BALANCE_AT_THRESHOLD"])
    assert (decision.balance, decision.amount) == (money(9_000), money(50_000))
    assert decision.HasField("balance_as_of")
    assert world.acquirer.ledger(decision.payment_id) == [("charge", 50_000)]
    occasion = world.parts.storage.occasions.get(decision.decision_id)
    assert occasion is not None and occasion.record is not None and occasion.record.replays()


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize("of_before", [False, True])
def test_a_disputed_account_is_not_charged_and_the_decision_says_so(world: PaymentsWorld, of_before: bool) -> None:
    world.accounts.of_before = of_before
    card = world.save_card().payment_method_id
    before = world.acquirer.position()
    rule = create(world, card, trigger=threshold(10_000))
    world.accounts.disputed = True
    world.accounts.balance_minor = 9_000

    [decision] = eventually(lambda: decisions(world, rule.autopay_rule_id))

    assert (decision.outcome, list(decision.reasons)) == ("skip", ["ACCOUNT_DISPUTED"])
    assert not decision.HasField("balance")
    kept = world.parts.storage.occasions.get(decision.decision_id)
    assert kept is not None and kept.record is not None and kept.record.replays()
    assert world.acquirer.charges_after(before) == 0


def test_a_card_removed_between_due_and_charge_is_not_charged(
    world: PaymentsWorld, start_dispatcher: Callable[[], None]
) -> None:
    start_dispatcher()
    card = world.save_card().payment_method_id
    before = world.acquirer.position()
    rule = make_rule(
        trigger=Threshold(rub(100)),
        subscriber_id=world.me,
        payment_method_id=card,
        created_at=world.parts.clock.now() + timedelta(hours=1),
    )
    rule.observe(rub(50), as_of=world.parts.clock.now())
    world.parts.storage.rules.save(rule)
    occasion = rule.open_episode(now=world.parts.clock.now() + timedelta(hours=1))
    assert occasion is not None
    world.parts.storage.occasions.save(occasion)

    world.ask("RemovePaymentMethod", pb.RemovePaymentMethodRequest(payment_method_id=card))
    assert occasion.hurry(now=world.parts.clock.now())
    world.parts.storage.occasions.save(occasion)
    [decision] = eventually(lambda: decisions(world, rule.autopay_rule_id))

    assert decision.outcome == "skip"
    assert set(decision.reasons) == {"RULE_STOPPED", "CARD_REMOVED"}
    assert world.acquirer.charges_after(before) == 0


def test_two_dispatchers_on_50_due_occasions_make_exactly_50_charges(
    world: PaymentsWorld, start_dispatcher: Callable[[], None]
) -> None:
    start_dispatcher()
    card = world.save_card().payment_method_id
    before = world.acquirer.position()
    world.accounts.balance_minor = 0
    for number in range(50):
        rule = make_rule(
            trigger=Threshold(rub(100)),
            subscriber_id=world.me,
            billing_account_id=f"acc_{number:032}",
            payment_method_id=card,
            created_at=world.parts.clock.now(),
        )
        world.parts.storage.rules.save(rule)

    start_dispatcher()
    payments = world.parts.database["payments"]
    automatic = {"autopay_rule_id": {"$ne": ""}}
    eventually(lambda: payments.count_documents(automatic | {"state": "posted"}) == 50, timeout_s=60)

    assert payments.count_documents(automatic) == 50
    assert world.acquirer.charges_after(before) == 50
    assert world.parts.database["autopay_occasions"].count_documents({}) == 50


def test_every_replica_may_open_a_month_and_it_is_opened_once(world: PaymentsWorld) -> None:
    storage, clock = world.parts.storage, world.parts.clock
    rule = make_rule(created_at=clock.now() - timedelta(days=40))
    storage.rules.save(rule)
    open_due = OpenDueOccasions(rules=storage.rules, occasions=storage.occasions, clock=clock)

    opened = [open_due() for _ in range(3)]

    moved = storage.rules.get(rule.autopay_rule_id)
    assert opened == [1, 0, 0]
    assert moved is not None and moved.next_charge_at is not None and moved.next_charge_at > clock.now()
    assert world.parts.database["autopay_occasions"].count_documents({}) == 1


def test_a_rule_whose_account_was_unlinked_while_it_was_being_made_stops(
    world: PaymentsWorld, start_dispatcher: Callable[[], None]
) -> None:
    rule = create(world, a_card(world))
    world.accounts.foreign.add(_ACCOUNT)
    start_dispatcher()

    def stopped() -> bool:
        request = pb.GetAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id)
        found = world.ask("GetAutopayRule", request).autopay_rule
        assert (found.state, found.stop_reason) == (pb.AUTOPAY_RULE_STATE_STOPPED, "ACCOUNT_UNLINKED")
        return True

    assert eventually(stopped)
