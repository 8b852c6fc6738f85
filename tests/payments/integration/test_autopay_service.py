"""AutopayService and what hangs on it over real gRPC and MongoDB: terms, pauses, notices with links, old mandates."""

from datetime import timedelta
from typing import Any

import pytest
from kabinet.payments.v1 import autopay_pb2
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.grpc_client import RemoteError
from services.chassis.grpc_values import time_to_proto
from services.chassis.ids import new_id
from services.payments.application.autopay_notices import AnnounceCharges
from tests.payments.builders import make_grounds, make_occasion, make_rule
from tests.payments.integration.conftest import PaymentsWorld
from tests.payments.integration.test_autopay import a_card, create, day, decisions, money, refused, threshold
from tests.support import eventually


def test_keeps_terms_of_every_kind_and_forecasts_bounds_and_conditions(world: PaymentsWorld) -> None:
    card, caps = a_card(world), pb.AutopayCaps(per_charge=money(70_000), per_month=money(100_000))

    debt = create(world, card, amount=None, amount_kind=pb.AUTOPAY_AMOUNT_KIND_DEBT, caps=caps)
    target = create(
        world,
        card,
        billing_account_id="acc_" + "8" * 32,
        amount=money(50_000),
        amount_kind=pb.AUTOPAY_AMOUNT_KIND_TARGET,
        caps=caps,
        trigger=threshold(10_000),
    )
    dates = world.ask("ForecastAutopayRule", pb.ForecastAutopayRuleRequest(autopay_rule_id=debt.autopay_rule_id))
    falls = world.ask("ForecastAutopayRule", pb.ForecastAutopayRuleRequest(autopay_rule_id=target.autopay_rule_id))

    assert (debt.amount_kind, debt.HasField("amount"), debt.caps) == (pb.AUTOPAY_AMOUNT_KIND_DEBT, False, caps)
    assert all(not charge.HasField("amount") and charge.at_most == money(70_000) for charge in dates.charges)
    assert (falls.condition.minimum_balance, falls.condition.at_most) == (money(10_000), money(70_000))
    assert list(falls.charges) == []


def test_refuses_terms_that_nobody_should_agree_to(world: PaymentsWorld) -> None:
    card, kinds = a_card(world), pb.AutopayAmountKind
    caps = pb.AutopayCaps(per_charge=money(70_000))

    assert refused(lambda: create(world, card, amount=None, amount_kind=kinds.AUTOPAY_AMOUNT_KIND_DEBT)) == (
        "CAP_MISSING"
    )
    to_target = {"amount_kind": kinds.AUTOPAY_AMOUNT_KIND_TARGET, "caps": caps, "trigger": threshold(50_000)}
    assert refused(lambda: create(world, card, amount=money(50_000), **to_target)) == "TARGET_NOT_ABOVE_MINIMUM"
    assert refused(lambda: create(world, card, caps=pb.AutopayCaps(per_day=money(0)))) == "AMOUNT_NOT_POSITIVE"


def test_pauses_and_resumes_for_the_owner_only(world: PaymentsWorld) -> None:
    rule = create(world, a_card(world), trigger=day(15))
    until = time_to_proto(world.parts.clock.now() + timedelta(days=60))
    pause = autopay_pb2.PauseAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id, until=until)

    paused = world.ask_autopay("PauseAutopayRule", pause).autopay_rule
    resumed = world.ask_autopay(
        "ResumeAutopayRule", autopay_pb2.ResumeAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id)
    ).autopay_rule

    assert paused.paused_until == until and paused.next_charge_at.seconds > until.seconds
    assert resumed.next_charge_at == rule.next_charge_at
    stranger = "sub_" + "9" * 32
    assert refused(lambda: world.ask_autopay("PauseAutopayRule", pause, subscriber=stranger)) == (
        "AUTOPAY_RULE_NOT_FOUND"
    )
    long_ago = autopay_pb2.PauseAutopayRuleRequest(autopay_rule_id=rule.autopay_rule_id, until=rule.created_at)
    assert refused(lambda: world.ask_autopay("PauseAutopayRule", long_ago)) == "PAUSE_INVALID"


def test_announces_once_and_its_links_act_once(world: PaymentsWorld) -> None:
    rule = make_rule(subscriber_id=world.me, payment_method_id=a_card(world), created_at=world.parts.clock.now())
    rule.announce_at = world.parts.clock.now()
    decision_id = rule.period_id
    world.parts.storage.rules.save(rule)
    announce = AnnounceCharges(rules=world.parts.storage.rules, clock=world.parts.clock)

    announced = [announce(), announce()]
    notice = world.ask_autopay(
        "GetAutopayNotice", autopay_pb2.GetAutopayNoticeRequest(decision_id=decision_id), caller="documents"
    )
    read = autopay_pb2.ReadAutopayLinkRequest(token=notice.skip_token)
    use = autopay_pb2.UseAutopayLinkRequest(token=notice.skip_token)
    seen = world.ask_autopay("ReadAutopayLink", read, caller="gateway")
    answers = [world.ask_autopay("UseAutopayLink", use, caller="gateway").done for _ in range(2)]

    document = world.parts.database["autopay_rules"].find_one({"_id": rule.autopay_rule_id})
    assert document is not None
    assert announced == [1, 0]
    assert [entry["name"] for entry in document["outbox"]] == ["payments.autopay_charge_announced.v1"]
    assert notice.skip_token not in str(document)
    assert (seen.usable, answers) == (True, [True, True])
    assert not world.ask_autopay("ReadAutopayLink", read, caller="gateway").usable
    forged = autopay_pb2.UseAutopayLinkRequest(token=notice.skip_token[:-2] + "xx")
    assert refused(lambda: world.ask_autopay("UseAutopayLink", forged, caller="gateway")) == "AUTOPAY_LINK_INVALID"


def test_notices_and_links_are_no_subscribers_business(world: PaymentsWorld) -> None:
    notice = autopay_pb2.GetAutopayNoticeRequest(decision_id="aru_1:2026-11")
    link = autopay_pb2.UseAutopayLinkRequest(token="x")

    assert refused(lambda: world.ask_autopay("GetAutopayNotice", notice)) == "CALLER_NOT_ALLOWED"
    assert refused(lambda: world.ask_autopay("GetAutopayNotice", notice, caller="gateway")) == "CALLER_NOT_ALLOWED"
    assert refused(lambda: world.ask_autopay("UseAutopayLink", link)) == "CALLER_NOT_ALLOWED"


def test_a_held_charge_of_another_is_refused_like_an_absent_one(world: PaymentsWorld) -> None:
    held = make_occasion(subscriber_id=world.me)
    held.decide(make_grounds(automatic_charges_in_24_h=2), now=world.parts.clock.now())
    world.parts.storage.occasions.save(held)
    stranger = "sub_" + "9" * 32

    def answer(decision_id: str, subscriber: str) -> Any:
        request = autopay_pb2.AnswerHeldChargeRequest(decision_id=decision_id, charge=False)
        return world.ask_autopay("AnswerHeldCharge", request, subscriber=subscriber)

    for decision_id, subscriber in [(held.decision_id, stranger), (f"{new_id('aru')}:2026-11", world.me)]:
        with pytest.raises(RemoteError) as caught:
            answer(decision_id, subscriber)
        assert caught.value.reason == "AUTOPAY_DECISION_NOT_FOUND"
    assert answer(held.decision_id, world.me).decision.state == pb.AUTOPAY_DECISION_STATE_HELD


@pytest.mark.usefixtures("dispatcher")
def test_never_charges_while_the_region_may_debit_by_an_old_mandate_and_once_after(world: PaymentsWorld) -> None:
    card = world.save_card().payment_method_id
    before = world.acquirer.position()
    world.accounts.balance_minor, world.accounts.old_mandate_active = 9_000, True

    rule = create(world, card, trigger=threshold(10_000))
    [waiting] = eventually(lambda: decisions(world, rule.autopay_rule_id))
    charged_meanwhile = world.acquirer.charges_after(before)
    world.accounts.old_mandate_active = False
    made = eventually(
        lambda: [found for found in decisions(world, rule.autopay_rule_id) if found.payment_id], timeout_s=20
    )

    assert list(waiting.reasons) == ["OLD_MANDATE_ACTIVE"]
    assert charged_meanwhile == 0
    world.reaches(made[0].payment_id, pb.PAYMENT_STATE_POSTED)
    assert world.acquirer.charges_after(before) == 1


@pytest.mark.usefixtures("dispatcher")
def test_a_declined_charge_is_tried_again_by_a_second_payment_and_both_are_shown(world: PaymentsWorld) -> None:
    card = world.save_card().payment_method_id
    world.accounts.balance_minor = 9_000
    world.acquirer.decide_next("decline:insufficient_funds")

    rule = create(world, card, trigger=threshold(10_000))
    [decision] = eventually(
        lambda: [found for found in decisions(world, rule.autopay_rule_id) if found.tries], timeout_s=20
    )

    assert decision.state == pb.AUTOPAY_DECISION_STATE_RETRYING
    assert [(tried.decline_reason, tried.decline_class) for tried in decision.tries] == [
        ("insufficient_funds", "money")
    ]
    assert decision.next_try_at.seconds - decision.tries[0].declined_at.seconds == 86_400
