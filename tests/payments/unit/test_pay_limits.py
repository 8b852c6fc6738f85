"""What an owner lets a relative pay in a month: never more, whatever dies, and never blocked for ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.application.create_payment import PaymentRequest
from services.payments.domain.acquirer import Status
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.autopay_trigger import DayOfMonth
from services.payments.domain.pay_month import MonthlyPayLimitExceeded, PayMonth, pay_month_id
from services.payments.domain.payment import Payment, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.ports import Action
from tests.payments.builders import A_MORNING, make_method, make_request, make_rule, rub
from tests.payments.fake_world import Killed, Killer, World

_ACCOUNT = "acc_" + "1" * 32


def _world(*, limit_roubles: int = 1000) -> World:
    world = World()
    world.accounts.monthly_pay_limit = rub(limit_roubles)
    return world


def _request(roubles: int, request_id: str = "") -> PaymentRequest:
    fields = {"request_id": request_id} if request_id else {}
    return make_request(billing_account_id=_ACCOUNT, subscriber_id="sub_1", amount=rub(roubles), **fields)


def _pay(world: World, roubles: int) -> Payment:
    return world.process().create_payment(_request(roubles))


@given(
    limit=st.integers(1, 2**40),
    sums=st.lists(st.integers(1, 2**40), max_size=20),
)
def test_what_is_set_aside_never_exceeds_the_limit(limit: int, sums: list[int]) -> None:
    month = PayMonth(pay_month_id="acc_1:2026-11")
    refused = 0
    for number, roubles in enumerate(sums):
        try:
            month.reserve(f"pay_{number}", rub(roubles), limit=rub(limit), now=A_MORNING)
        except MonthlyPayLimitExceeded:
            refused += 1
        assert month.spent(besides="", currency="RUB") <= rub(limit)
    assert len(month.set_aside) + refused == len(sums)


def test_a_sum_is_set_aside_once_per_payment() -> None:
    month = PayMonth(pay_month_id="acc_1:2026-11")

    news = [month.reserve("pay_1", rub(600), limit=rub(1000), now=A_MORNING) for _ in range(3)]

    assert news == [True, False, False]
    assert month.spent(besides="", currency="RUB") == rub(600)


@pytest.mark.parametrize(
    ("time_zone", "month"),
    [("Europe/Kaliningrad", "2026-11"), ("Asia/Kamchatka", "2026-12"), ("Europe/Moscow", "2026-12")],
)
def test_the_month_is_that_of_the_regions_calendar(time_zone: str, month: str) -> None:
    moment = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)

    assert pay_month_id("acc_1", time_zone=time_zone, now=moment) == f"acc_1:{month}"


def test_refuses_what_goes_beyond_and_says_what_is_left() -> None:
    world = _world()
    _pay(world, 400)
    _pay(world, 350)

    with pytest.raises(MonthlyPayLimitExceeded) as refused:
        _pay(world, 251)

    assert refused.value.metadata == {
        "limit_roubles": "1000",
        "spent_roubles": "750",
        "left_roubles": "250",
        "limit_minor": "100000",
        "spent_minor": "75000",
        "left_minor": "25000",
    }
    assert len(world.payments.rows.all()) == 2
    assert _pay(world, 250).state is State.AWAITING_CONFIRMATION


def test_without_a_limit_nothing_is_counted() -> None:
    world = World()

    _pay(world, 300_000)

    assert world.months.rows == {}


def test_the_next_month_begins_anew() -> None:
    world = _world()
    _pay(world, 1000)
    world.clock.moment = datetime(2026, 11, 30, 20, 59, tzinfo=UTC)
    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 1)

    world.clock.advance(minutes=1)

    assert _pay(world, 1000).state is State.AWAITING_CONFIRMATION


def test_the_same_request_again_counts_once() -> None:
    world, request = _world(), _request(1000, "one")

    first = world.process().create_payment(request)
    again = world.process().create_payment(request)

    assert first.payment_id == again.payment_id


def _cancel_at_acquirer(world: World, payment: Payment) -> None:
    """What the acquirer does with a payment that nobody confirms in time."""
    made = world.acquirer.by_key[payment.charge_key]
    world.acquirer.by_key[payment.charge_key] = replace(made, status=Status.CANCELED, confirmation_url="")


def test_a_payment_that_nobody_confirms_blocks_the_month_only_until_the_acquirer_gives_it_up() -> None:
    world = _world()
    waiting = _pay(world, 1000)
    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 1)

    _cancel_at_acquirer(world, waiting)
    world.process().run(minutes=10)

    assert world.payments.get(waiting.payment_id).state is State.DECLINED  # type: ignore[union-attr]
    assert _pay(world, 1000).state is State.AWAITING_CONFIRMATION


def test_a_refund_gives_its_sum_back_when_it_is_through() -> None:
    world = _world()
    world.accounts.refuses = "ACCOUNT_CLOSED"
    payment = _pay(world, 1000)
    world.acquirer.confirm(payment.payment_id)
    world.process().run(minutes=10)
    assert world.payments.get(payment.payment_id).state is State.REFUNDED  # type: ignore[union-attr]

    assert _pay(world, 1000).state is State.AWAITING_CONFIRMATION


@pytest.mark.parametrize("state", [state for state in State if state not in {State.DECLINED, State.REFUNDED}])
def test_whatever_may_have_taken_money_counts(state: State) -> None:
    month = PayMonth(pay_month_id="acc_1:2026-11")
    month.reserve("pay_1", rub(600), limit=rub(1000), now=A_MORNING)

    month.forget_what_came_to_nothing({"pay_1": state}, now=A_MORNING + timedelta(days=9))

    assert month.spent(besides="", currency="RUB") == rub(600)


def test_a_death_at_every_call_never_lets_more_through_and_never_blocks_for_ever() -> None:
    for after in range(1, 60):
        world, request = _world(), _request(700, "one")
        try:
            world.process(Killer(after)).create_payment(request)
            finished = True
        except Killed:
            finished = False
        existing = world.payments.rows.all()
        if existing:  # its sum counts
            with pytest.raises(MonthlyPayLimitExceeded):
                _pay(world, 301)
        world.clock.advance(hours=1)
        assert _pay(world, 300 if existing else 1000).state is State.AWAITING_CONFIRMATION
        assert sum(payment.amount.amount_minor for payment in world.payments.rows.all()) <= 1000_00
        if finished:
            return
    raise AssertionError("it never finished")


def test_a_request_that_died_is_repeated_within_what_it_had_set_aside() -> None:
    world, request = _world(), _request(1000, "one")
    for after in range(1, 10):
        try:
            world.process(Killer(after)).create_payment(request)
        except Killed:
            if world.months.rows:
                break
    assert world.payments.rows.all() == []

    assert world.process().create_payment(request).state is State.AWAITING_CONFIRMATION


def test_a_sum_that_came_back_while_its_request_was_repeated_is_set_aside_anew() -> None:
    world = _world()
    limits = world.process().create_payment.limits
    permission = world.accounts.authorize(subscriber_id="", billing_account_id="", actions=[Action.PAY])
    limits.reserve("pay_1", rub(1000), billing_account_id=_ACCOUNT, permission=permission)
    world.clock.advance(minutes=59)
    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 1)
    world.clock.advance(minutes=1)

    limits.reserve("pay_1", rub(1000), billing_account_id=_ACCOUNT, permission=permission)

    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 1)


def _due_by_date(*, limit_roubles: int) -> World:
    world = _world(limit_roubles=limit_roubles)
    method = make_method(subscriber_id="sub_1")
    world.methods.save(method)
    rule = make_rule(
        autopay_rule_id="aru_1",  # its minute is not near the evening, so what waits an hour stays within the day
        trigger=DayOfMonth(23),
        payment_method_id=method.payment_method_id,
        billing_account_id=_ACCOUNT,
        subscriber_id="sub_1",
        created_at=world.clock.now(),
    )
    world.rules.save(rule)
    assert rule.next_charge_at is not None
    world.clock.moment = rule.next_charge_at
    return world


def _reasons(world: World) -> list[Reason]:
    [occasion] = world.occasions.rows.all()
    assert occasion.record is not None and occasion.record.replays()
    return list(occasion.record.decision.reasons)


def test_autopay_is_held_to_the_same_limit_and_keeps_the_reason() -> None:
    world = _due_by_date(limit_roubles=900)
    _pay(world, 401)

    world.process().run(minutes=5)

    assert _reasons(world) == [Reason.MONTHLY_PAY_LIMIT_EXCEEDED]
    assert world.acquirer.charges == []
    [occasion] = world.occasions.rows.all()
    grounds = occasion.record.grounds  # type: ignore[union-attr]
    assert (grounds.monthly_pay_limit, grounds.paid_this_month) == (rub(900), rub(401))


def test_an_automatic_charge_counts_against_payments_by_hand() -> None:
    world = _due_by_date(limit_roubles=900)
    world.process().run(minutes=5)
    assert _reasons(world) == [Reason.DUE_BY_DATE]

    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 401)

    assert _pay(world, 400).state is State.AWAITING_CONFIRMATION


def test_a_skip_for_another_reason_sets_nothing_aside() -> None:
    world = _due_by_date(limit_roubles=500)
    [rule] = world.rules.rows.all()
    world.process().open_due_occasions()
    world.process().remove_method(subscriber_id="sub_1", payment_method_id=rule.terms.payment_method_id)
    world.process().run(minutes=5)
    assert world.acquirer.charges == []

    assert _pay(world, 500).state is State.AWAITING_CONFIRMATION


def test_a_zombie_that_would_skip_frees_nothing_of_whoever_charges(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _due_by_date(limit_roubles=500)
    [rule] = world.rules.rows.all()
    zombie = world.process()
    zombie.open_due_occasions()

    def overtaken(_method_id: str) -> PaymentMethod | None:
        monkeypatch.undo()
        world.clock.advance(seconds=61)  # the zombie's lease
        world.process().drive_occasions()
        world.process().remove_method(subscriber_id="sub_1", payment_method_id=rule.terms.payment_method_id)
        return world.methods.get(rule.terms.payment_method_id)

    monkeypatch.setattr(world.methods, "get", overtaken)
    zombie.drive_occasions()

    assert _reasons(world) == [Reason.DUE_BY_DATE]
    [payment] = world.payments.rows.all()
    assert payment.amount == rub(500)
    with pytest.raises(MonthlyPayLimitExceeded):
        _pay(world, 1)


def test_an_automatic_charge_within_a_limit_survives_a_death_at_every_call() -> None:
    for after in range(1, 200):
        world = _due_by_date(limit_roubles=500)
        try:
            world.process(Killer(after)).run(minutes=3)
            finished = True
        except Killed:
            finished = False
        world.process().run(minutes=40)
        assert len(world.acquirer.charges) == 1
        with pytest.raises(MonthlyPayLimitExceeded):
            _pay(world, 1)
        if finished:
            return
    raise AssertionError("it never finished")


def test_a_charge_decided_before_a_long_stop_is_not_made_beyond_the_limit() -> None:
    """The decision stood, the process died before the payment was made, and others used the month meanwhile."""
    world = _due_by_date(limit_roubles=500)
    for after in range(1, 100):
        try:
            world.process(Killer(after)).run(minutes=1)
        except Killed:
            records = [occasion.record for occasion in world.occasions.rows.all()]
            if any(records) and not world.payments.rows.all():
                break
        world.clock.advance(minutes=1)
    world.clock.advance(hours=1)
    _pay(world, 500)

    world.process().run(minutes=5)

    assert world.acquirer.charges == []
    declined = [payment for payment in world.payments.rows.all() if payment.state is State.DECLINED]
    assert [payment.decline_reason for payment in declined] == ["monthly_pay_limit_exceeded"]


def test_autopay_on_a_frozen_grant_is_skipped_and_the_rule_stays() -> None:
    world = _due_by_date(limit_roubles=900)
    world.accounts.obstacle = Reason.GRANT_FROZEN

    world.process().run(minutes=5)

    assert _reasons(world) == [Reason.GRANT_FROZEN]
    assert world.acquirer.charges == []
    assert all(rule.is_active for rule in world.rules.rows.all())


def test_autopay_on_an_ended_grant_is_skipped_and_stops_the_rule() -> None:
    world = _due_by_date(limit_roubles=900)
    world.accounts.gone = True

    world.process().run(minutes=5)

    assert Reason.ACCOUNT_UNLINKED in _reasons(world)
    assert world.acquirer.charges == []
    assert [rule.stop_reason for rule in world.rules.rows.all()] == [StopReason.ACCOUNT_UNLINKED]


def test_autopay_waits_for_accounts_rather_than_guess_what_is_allowed() -> None:
    world = _due_by_date(limit_roubles=900)
    world.accounts.silent = True

    world.process().run(minutes=3)
    undecided = [occasion.record for occasion in world.occasions.rows.all()]
    world.accounts.silent = False
    world.process().run(minutes=10)

    assert undecided == [None]
    assert len(world.acquirer.charges) == 1
