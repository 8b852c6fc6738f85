"""An acquirer or a region that is silent for long: what was meant to happen happens soon after it is back."""

from datetime import timedelta

import pytest

from services.payments.domain.acquirer import Silence
from services.payments.domain.payment import Payment, PaymentKind, Problem, State
from tests.payments.builders import A_MORNING, make_method, make_payment, make_request
from tests.payments.fake_world import Process, World
from tests.payments.unit.test_crashes import a_date_rule

_SOON = timedelta(minutes=16)


class SilentAcquirer:
    """Stands before another one: deaf until `is_back`, it neither hears nor answers."""

    def __init__(self, world: World) -> None:
        self.is_back = False
        self.refunds_sent = 0
        self._acquirer = world.acquirer

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object, **options: object) -> object:
            self.refunds_sent += name == "refund" and self.is_back
            return getattr(self._acquirer, name)(*arguments, **options) if self.is_back else Silence()

        return call


def silenced(world: World) -> SilentAcquirer:
    acquirer = SilentAcquirer(world)
    world.acquirer = acquirer  # type: ignore[assignment]
    return acquirer


def work(process: Process, *, for_: timedelta, step: timedelta = timedelta(seconds=30)) -> None:
    world = process.world
    end = world.clock.now() + for_
    while world.clock.now() < end:
        while process.turn():
            pass
        world.clock.advance(seconds=step.total_seconds())


def only_payment(world: World) -> Payment:
    [payment] = world.payments.rows.all()
    return payment


@pytest.mark.parametrize("outage", [timedelta(minutes=70), timedelta(hours=22, minutes=30)])
def test_a_charge_that_never_arrived_is_made_soon_after_the_outage(outage: timedelta) -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world = World()
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
    ledger, acquirer = world.acquirer, silenced(world)
    process = world.process()
    process.create_payment(request)
    work(process, for_=outage)

    acquirer.is_back = True
    work(process, for_=_SOON)

    assert only_payment(world).state is State.POSTED
    assert len(ledger.charges) == 1


def test_a_page_that_is_confirmed_late_is_credited_soon_although_its_webhook_got_lost() -> None:
    world = World()
    process = world.process()
    payment = process.create_payment(make_request())
    work(process, for_=timedelta(minutes=70))

    world.acquirer.confirm(payment.payment_id)
    work(process, for_=_SOON)

    assert only_payment(world).state is State.POSTED


def test_an_automatic_charge_is_made_soon_after_its_region_is_back() -> None:
    world = a_date_rule()
    world.accounts.silent = True
    process = world.process()
    work(process, for_=timedelta(minutes=70))

    world.accounts.silent = False
    work(process, for_=_SOON)

    assert only_payment(world).state is State.POSTED


def test_a_refund_that_was_never_sent_is_sent_after_an_outage_of_days() -> None:
    world = World()
    ledger, acquirer = world.acquirer, silenced(world)
    world.accounts.refuses = "ACCOUNT_CLOSED"
    world.payments.save(make_payment(state=State.CAPTURED, acquirer_payment_id="a", due_at=A_MORNING))
    process = world.process()
    work(process, for_=timedelta(days=2), step=timedelta(minutes=10))
    unsent = only_payment(world).refunds[0].sent_at

    acquirer.is_back = True
    work(process, for_=_SOON)

    payment = only_payment(world)
    assert unsent is None
    assert (payment.state, payment.needs_person, len(ledger.refunds)) == (State.REFUNDED, None, 1)


def test_a_refund_that_may_have_been_sent_a_day_ago_is_looked_for_and_not_sent_again() -> None:
    world = World()
    acquirer = silenced(world)
    world.accounts.refuses = "ACCOUNT_CLOSED"
    payment = make_payment(state=State.CAPTURED, acquirer_payment_id="a", due_at=A_MORNING)
    world.payments.save(payment)
    process = world.process()
    work(process, for_=timedelta(minutes=1))
    sent = only_payment(world)
    sent.refunds[0].sent_at = world.clock.now()  # and killed right after that was saved
    world.payments.save(sent)
    work(process, for_=timedelta(hours=23))

    acquirer.is_back = True
    work(process, for_=_SOON)

    assert (only_payment(world).state, only_payment(world).needs_person) == (
        State.REFUNDING,
        Problem.REFUND_IMPOSSIBLE,
    )
    assert acquirer.refunds_sent == 0
