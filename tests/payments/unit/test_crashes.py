"""A process killed after any call to the world, then another one goes on: one charge, final, credited once."""

from collections.abc import Callable

import pytest

from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, Threshold
from services.payments.domain.card_binding import BindingState
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.receipt import ReceiptState
from tests.payments.builders import RETURN_URL, make_method, make_request, make_rule, rub
from tests.payments.fake_world import Killed, Killer, Process, World


def run_with_deaths(world: World, act: Callable[[Process], None], *, after: int) -> bool:
    """Run `act` in a process that dies after its n-th call; True when it lived long enough to finish."""
    try:
        act(world.process(Killer(after=after)))
    except Killed:
        return False
    return True


def deaths(prepare: Callable[[], World], act: Callable[[Process], None]) -> list[World]:
    """Return the worlds after a death at each possible call and a new process' work."""
    worlds = []
    for after in range(1, 400):
        world = prepare()
        finished = run_with_deaths(world, act, after=after)
        world.process().run(minutes=40)
        worlds.append(world)
        if finished:
            return worlds
    raise AssertionError("it never finished")


def assert_one_charge_credited(world: World) -> None:
    [payment] = world.payments.rows.all()
    assert payment.state is State.POSTED
    assert len(world.acquirer.charges) == 1
    assert world.accounts.credited == {payment.payment_id: payment.amount}
    assert [type(event).__name__ for event in world.payments.published] == ["PaymentCaptured"]
    [receipt] = world.receipts.rows.all()
    assert (receipt.state, receipt.amount) == (ReceiptState.REGISTERED, payment.amount)
    assert (len(world.register.by_key), payment.receipt_at) == (1, receipt.registered_at)


def a_threshold_rule() -> World:
    world = World()
    method = make_method()
    world.methods.save(method)
    rule = make_rule(
        trigger=Threshold(rub(100)), payment_method_id=method.payment_method_id, created_at=world.clock.now()
    )
    world.rules.save(rule)
    world.accounts.balance = rub(90)
    return world


def a_date_rule() -> World:
    world = World()
    method = make_method()
    world.methods.save(method)
    rule = make_rule(
        autopay_rule_id="aru_1",  # a minute in the middle of the day: whoever dies has time to be followed
        trigger=DayOfMonth(23),
        payment_method_id=method.payment_method_id,
        created_at=world.clock.now(),
    )
    world.rules.save(rule)
    assert rule.next_charge_at is not None
    world.clock.moment = rule.next_charge_at
    return world


@pytest.mark.parametrize("prepare", [a_threshold_rule, a_date_rule])
def test_an_automatic_charge_survives_a_death_at_every_call(prepare: Callable[[], World]) -> None:
    worlds = deaths(prepare, lambda process: process.run(minutes=3))

    assert len(worlds) > 15
    for world in worlds:
        assert_one_charge_credited(world)
        [occasion] = world.occasions.rows.all()
        assert occasion.payment_id == world.payments.rows.all()[0].payment_id
        assert occasion.record is not None and occasion.record.replays()


def test_an_observed_balance_survives_a_death_at_every_call() -> None:
    def act(process: Process) -> None:
        world = process.world
        [rule] = world.rules.rows.all()
        process.observe_balance(billing_account_id=rule.billing_account_id, balance=rub(90), as_of=world.clock.now())
        process.run(minutes=3)

    for world in deaths(a_threshold_rule, act):
        assert_one_charge_credited(world)


@pytest.mark.parametrize("lists_lag", [False, True])
def test_a_payment_by_saved_card_survives_a_death_at_every_call_and_is_acknowledged_once(lists_lag: bool) -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")

    def prepare() -> World:
        world = World()
        world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
        world.acquirer.lists_lag = lists_lag
        return world

    def act(process: Process) -> None:
        process.create_payment(request)
        process.run(minutes=3)

    for world in deaths(prepare, act):
        if not world.payments.rows.all():  # killed before the intent was saved: the client never heard of it
            world.process().create_payment(request)
            world.process().run(minutes=3)
        repeated = world.process().create_payment(request)
        assert repeated.state is State.POSTED
        assert_one_charge_credited(world)


def test_a_binding_survives_a_death_at_every_call_and_keeps_one_card() -> None:
    def act(process: Process) -> None:
        world = process.world
        binding = process.bind_card(request_id="one", subscriber_id="sub_1", return_url=RETURN_URL)
        process.run(minutes=1)
        world.binder.confirm(binding.payment_method_id)
        world.bindings.hurry(acquirer_method_id=f"acquirer-{binding.payment_method_id}", now=world.clock.now())
        process.run(minutes=3)

    for world in deaths(World, act):
        act(world.process())  # the client repeats the request; the subscriber types the card in the end
        [binding] = world.bindings.rows.all()
        [method] = world.methods.usable_of(subscriber_id="sub_1")
        assert (binding.state, binding.card, binding.due_at) == (BindingState.BOUND, None, None)
        assert method.payment_method_id == binding.payment_method_id


@pytest.mark.parametrize("lists_lag", [False, True])
def test_a_refund_survives_a_death_at_every_call(lists_lag: bool) -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")

    def prepare() -> World:
        world = World()
        world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
        world.accounts.refuses = "ACCOUNT_CLOSED"
        world.acquirer.lists_lag = lists_lag
        world.process().create_payment(request)
        return world

    for world in deaths(prepare, lambda process: process.run(minutes=3)):
        [payment] = world.payments.rows.all()
        assert payment.state is State.REFUNDED
        assert len(world.acquirer.charges) == len(world.acquirer.refunds) == 1
        states = {receipt.receipt_id: receipt.state for receipt in world.receipts.rows.all()}
        assert states == dict.fromkeys(
            (f"{payment.payment_id}:receipt", f"{payment.payment_id}:refund:1:receipt"), ReceiptState.REGISTERED
        )
        assert len(world.register.by_key) == 2
        assert [type(event).__name__ for event in world.payments.published] == ["PaymentCaptured", "PaymentRefunded"]


@pytest.mark.parametrize("lists_lag", [False, True])
def test_refunds_by_an_operator_survive_a_death_at_every_call(lists_lag: bool) -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")

    def prepare() -> World:
        world = World()
        world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
        world.acquirer.lists_lag = lists_lag
        world.process().create_payment(request)
        world.process().run(minutes=1)
        return world

    def act(process: Process) -> None:
        [payment] = process.world.payments.rows.all()
        for reference in ("T-1", "T-2"):
            process.refund_payment(
                payment_id=payment.payment_id, amount_minor=10_000, reference=reference, reason="moved out"
            )
        process.run(minutes=3)

    for world in deaths(prepare, act):
        act(world.process())  # the operator repeats the commands
        [payment] = world.payments.rows.all()
        assert (payment.state, payment.refunded) == (State.REVERSAL_DUE, rub(200))
        assert len(world.acquirer.refunds) == 2
        names = [type(event).__name__ for event in world.payments.published]
        assert names == ["PaymentCaptured", "RefundSucceeded", "RefundSucceeded"]


def test_a_rule_stopped_after_its_charge_was_sent_does_not_make_it_unsent() -> None:
    """The deaths take so long that a decision may go out of date before it is sent: then there is a second try."""
    world = a_date_rule()
    process = world.process()
    process.open_due_occasions()
    process.drive_occasions()
    [rule] = world.rules.rows.all()

    for after in range(1, 20):
        if world.acquirer.charges:
            break
        run_with_deaths(world, lambda dying: dying.run(minutes=1), after=after)
        world.clock.advance(minutes=2)
    process.drive_occasions.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.SUBSCRIBER)
    world.process().run(minutes=40)

    sent = [payment for payment in world.payments.rows.all() if payment.charge_begun_at]
    assert [payment.state for payment in sent] == [State.POSTED]
    assert [charge.payment_id for charge in world.acquirer.charges] == [sent[0].payment_id]


def test_a_declined_charge_and_its_second_try_survive_a_death_at_every_call() -> None:
    def prepare() -> World:
        world = a_threshold_rule()
        world.acquirer.declines = ["issuer_unavailable"]
        return world

    worlds = deaths(prepare, lambda process: process.run(minutes=3))

    assert len(worlds) > 15
    for world in worlds:
        world.process().run(minutes=20)
        [first, second] = sorted(world.payments.rows.all(), key=lambda payment: payment.created_at)
        assert (first.state, second.state) == (State.DECLINED, State.POSTED)
        assert world.accounts.credited == {second.payment_id: second.amount}
        [occasion] = world.occasions.rows.all()
        assert [ended.payment_id for ended in occasion.tries] == [first.payment_id]
        assert occasion.payment_id == second.payment_id


def is_stopped(world: World) -> None:
    [rule] = world.rules.rows.all()
    world.process().drive_occasions.stop_rule(autopay_rule_id=rule.autopay_rule_id, reason=StopReason.SUBSCRIBER)


def is_unlinked(world: World) -> None:
    world.accounts.gone = True


def is_refused(world: World) -> None:
    world.accounts.obstacle = Reason.GRANT_FROZEN


def is_unknown(world: World) -> None:
    world.accounts.silent = True


@pytest.mark.parametrize("consent", [is_stopped, is_unlinked, is_refused, is_unknown])
def test_an_automatic_charge_that_never_arrived_is_not_repeated_without_leave(consent: Callable[[World], None]) -> None:
    world = a_date_rule()
    world.acquirer.silent_before = 1
    while world.process().turn():
        pass

    consent(world)
    world.process().run(minutes=40)

    [payment] = world.payments.rows.all()
    assert payment.state is State.UNKNOWN
    assert world.acquirer.charges == []


def test_an_automatic_charge_that_got_lost_is_made_however_long_ago_it_was_decided() -> None:
    world = a_date_rule()
    world.acquirer.silent_before = 1
    while world.process().turn():
        pass
    world.accounts.silent = True
    world.process().run(minutes=40)

    world.accounts.silent = False
    world.process().run(minutes=40)

    assert_one_charge_credited(world)
