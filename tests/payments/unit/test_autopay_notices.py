"""Notices a day before a date, and their links: without login, once, and harmless when repeated, late or forged."""

from datetime import timedelta

import pytest

from services.chassis.ids import new_id
from services.payments.adapters.hmac_autopay_links import HmacAutopayLinks
from services.payments.application.autopay_notices import (
    AnnounceCharges,
    ComingCharge,
    GetAutopayNotice,
    Notice,
    UseAutopayLink,
)
from services.payments.domain.autopay_amount import AmountTerm, Caps, Debt
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_events import AutopayChargeAnnounced, AutopayChargeDeclined, AutopayChargeHeld
from services.payments.domain.autopay_link import AutopayLinkInvalid, AutopayNoticeOutOfDate, LinkAction
from services.payments.domain.autopay_occasion import OccasionNotFound
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold
from tests.payments.builders import LIMITS, make_method, make_rule, rub
from tests.payments.fake_world import World
from tests.payments.fakes import FakeHistory
from tests.payments.unit.test_autopay_tries import go_on, world_of_a_declining_card


class Desk:
    """A world with one date rule, its notices and their links."""

    def __init__(self, *, amount: AmountTerm | None = None, caps: Caps | None = None) -> None:
        self.world = World()
        method = make_method(last4="2987")
        self.world.methods.save(method)
        self.rule = make_rule(
            trigger=DayOfMonth(26),
            payment_method_id=method.payment_method_id,
            subscriber_id=method.subscriber_id,
            created_at=self.world.clock.now(),
            amount=amount,
            caps=caps,
        )
        self.world.rules.save(self.rule)
        assert self.rule.next_charge_at is not None
        self.charge_at = self.rule.next_charge_at
        self.decision_id = self.rule.period_id
        rules, clock, links = self.world.rules, self.world.clock, HmacAutopayLinks(b"s" * 32)
        coming = ComingCharge(
            methods=self.world.methods, history=FakeHistory(self.world.payments), limits=LIMITS, clock=clock
        )
        self.announce = AnnounceCharges(rules=rules, clock=clock)
        self.get_notice = GetAutopayNotice(rules=rules, methods=self.world.methods, coming=coming, links=links)
        self.use = UseAutopayLink(rules=rules, coming=coming, links=links, clock=clock)

    def announced(self) -> Notice:
        self.world.clock.moment = self.charge_at - timedelta(hours=20)
        self.announce()
        return self.get_notice(decision_id=self.decision_id)

    def stored(self) -> AutopayRule:
        rule = self.world.rules.get(self.rule.autopay_rule_id)
        assert rule is not None
        return rule

    def at_the_date(self) -> None:
        self.world.clock.moment = self.charge_at
        self.world.process().run(minutes=5)

    def reasons(self) -> list[Reason]:
        return [
            reason
            for occasion in self.world.occasions.rows.all()
            if occasion.record
            for reason in occasion.record.decision.reasons
        ]


def test_a_date_is_announced_a_day_before_and_once() -> None:
    desk = Desk()

    desk.world.clock.moment = desk.charge_at - timedelta(hours=24, minutes=1)
    too_early = desk.announce()
    desk.world.clock.advance(minutes=1)
    announced = [desk.announce(), desk.announce()]

    assert (too_early, announced) == (0, [1, 0])
    [event] = desk.world.rules.published
    assert isinstance(event, AutopayChargeAnnounced)
    assert (event.decision_id, event.charge_at) == (desk.decision_id, desk.charge_at)
    assert event.subscriber_id == desk.rule.subscriber_id


def test_a_change_after_the_notice_does_not_make_a_second_one_for_the_same_date() -> None:
    desk = Desk()
    desk.announced()

    rule = desk.stored()
    rule.change(rule.terms, now=desk.world.clock.now())
    desk.world.rules.save(rule)

    assert desk.announce() == 0


def test_a_threshold_announces_nothing() -> None:
    assert make_rule(trigger=Threshold(rub(1))).announce_at is None


def test_the_notice_says_what_the_forecast_says() -> None:
    fixed, debt = Desk().announced(), Desk(amount=Debt(), caps=Caps(per_charge=rub(700))).announced()

    assert (fixed.charge.amount, fixed.method.last4) == (rub(500), "2987")
    assert (debt.charge.amount, debt.charge.at_most) == (None, rub(700))


def test_nothing_is_said_about_a_charge_that_will_not_be() -> None:
    desk = Desk()
    desk.announced()
    desk.world.process().remove_method(
        subscriber_id=desk.rule.subscriber_id, payment_method_id=desk.rule.terms.payment_method_id
    )

    with pytest.raises(AutopayNoticeOutOfDate):
        desk.get_notice(decision_id=desk.decision_id)
    with pytest.raises(OccasionNotFound):
        desk.get_notice(decision_id=f"{new_id('aru')}:2026-11")


def test_reading_a_link_changes_nothing_however_often_it_is_previewed() -> None:
    desk = Desk()
    notice = desk.announced()

    for action in LinkAction:
        for _ in range(3):
            view = desk.use.read(token=notice.tokens[action])
            assert (view.link.action, view.charge) == (action, notice.charge)
    desk.at_the_date()

    assert len(desk.world.acquirer.charges) == 1


def test_skip_leaves_this_charge_out_and_the_next_month_in() -> None:
    desk = Desk()
    notice = desk.announced()

    assert desk.use(token=notice.tokens[LinkAction.SKIP]) == (LinkAction.SKIP, True)
    desk.at_the_date()
    skipped = len(desk.world.acquirer.charges)
    next_at = desk.stored().next_charge_at
    assert next_at is not None
    desk.world.clock.moment = next_at
    desk.world.process().run(minutes=5)

    assert (skipped, len(desk.world.acquirer.charges)) == (0, 1)
    assert desk.reasons()[0] is Reason.SKIPPED_BY_SUBSCRIBER


def test_pay_now_charges_at_once_even_at_night_and_not_again_on_the_date() -> None:
    desk = Desk()
    notice = desk.announced()
    desk.world.clock.moment = desk.world.clock.moment.replace(hour=20)  # 23:00 in Moscow
    assert desk.world.clock.moment < desk.charge_at

    desk.use(token=notice.tokens[LinkAction.PAY_NOW])
    desk.world.process().run(minutes=5)
    at_once = len(desk.world.acquirer.charges)
    desk.at_the_date()

    assert (at_once, len(desk.world.acquirer.charges)) == (1, 1)


def test_stop_stops_the_rule() -> None:
    desk = Desk()
    notice = desk.announced()

    desk.use(token=notice.tokens[LinkAction.STOP])
    desk.at_the_date()

    assert desk.stored().stop_reason is StopReason.SUBSCRIBER
    assert desk.world.acquirer.charges == []


@pytest.mark.parametrize("first", list(LinkAction))
@pytest.mark.parametrize("second", list(LinkAction))
def test_of_a_dates_links_one_is_used_once_and_the_others_do_nothing_more(
    first: LinkAction, second: LinkAction
) -> None:
    desk = Desk()
    notice = desk.announced()

    desk.use(token=notice.tokens[first])
    before = desk.stored()
    answer = desk.use(token=notice.tokens[second])

    assert answer == (second, first is second)
    assert desk.stored() == before
    assert desk.use.read(token=notice.tokens[second]).charge is None


def test_a_link_of_other_terms_or_of_a_charge_that_was_made_does_nothing() -> None:
    desk = Desk()
    notice = desk.announced()
    rule = desk.stored()
    rule.change(
        make_rule(trigger=DayOfMonth(26), payment_method_id=rule.terms.payment_method_id).terms, now=desk.charge_at
    )
    desk.world.rules.save(rule)

    assert desk.use(token=notice.tokens[LinkAction.STOP]) == (LinkAction.STOP, False)
    assert desk.stored().is_active


def test_a_link_expires_with_its_charge() -> None:
    desk = Desk()
    notice = desk.announced()
    desk.world.clock.moment = desk.charge_at

    with pytest.raises(AutopayLinkInvalid):
        desk.use(token=notice.tokens[LinkAction.STOP])
    with pytest.raises(AutopayLinkInvalid):
        desk.use.read(token=notice.tokens[LinkAction.STOP])


def test_a_forged_or_garbled_link_is_refused() -> None:
    desk = Desk()
    token = desk.announced().tokens[LinkAction.STOP]
    forged = HmacAutopayLinks(b"t" * 32)
    link = HmacAutopayLinks(b"s" * 32).link_of(token)
    assert link is not None

    for bad in ["", "x", "ё", token[:-4], "A" * 80, token[:40] + "A" + token[41:], forged.token_of(link)]:
        with pytest.raises(AutopayLinkInvalid):
            desk.use(token=bad)
    assert desk.stored().is_active


def test_a_decline_is_told_with_its_class_and_its_next_try() -> None:
    world, _ = world_of_a_declining_card("insufficient_funds", "general_decline")

    go_on(world)

    first, last = world.occasions.published
    assert isinstance(first, AutopayChargeDeclined) and isinstance(last, AutopayChargeDeclined)
    assert (first.try_number, first.decline_class, first.next_try_at) == (
        1,
        "money",
        first.declined_at + timedelta(days=1),
    )
    assert (last.try_number, last.decline_class, last.next_try_at) == (2, "customer_must_act", None)


def test_a_held_charge_is_told_once() -> None:
    world, _ = world_of_a_declining_card()
    for _ in range(3):
        world.accounts.balance = rub(90)
        world.process().run(minutes=20)
        world.accounts.balance = rub(900) if len(world.acquirer.charges) < 2 else rub(90)
        world.process().run(minutes=20)
    world.clock.advance(hours=3)
    world.process().run(minutes=1)

    [event] = world.occasions.published
    assert isinstance(event, AutopayChargeHeld)
    assert event.lapses_at - event.held_at == LIMITS.hold_lapses_after
