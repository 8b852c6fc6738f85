"""What a request for a payment leads to, on fakes."""

from typing import Any

import pytest

from services.chassis.errors import DomainError, FieldInvalid
from services.chassis.return_url import ReturnUrlNotAllowed
from services.payments.domain.acquirer import Silence
from services.payments.domain.offer import AmountNotPositive, AmountTooLarge, PaymentKindDisabled
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.payment_method import PaymentMethodNotFound
from services.payments.domain.request import RequestIdMissing, RequestIdReused
from tests.payments.builders import make_method, make_request, rub
from tests.payments.fake_world import World


def test_leads_a_payer_with_a_new_card_to_the_acquirers_page() -> None:
    world = World()

    payment = world.process().create_payment(make_request())

    assert payment.state is State.AWAITING_CONFIRMATION
    assert payment.confirmation_url == "http://acquirer/pay"


def test_the_same_request_again_is_the_same_payment() -> None:
    world, request = World(), make_request()

    first = world.process().create_payment(request)
    again = world.process().create_payment(request)

    assert again.payment_id == first.payment_id
    assert len(world.acquirer.by_key) == 1


@pytest.mark.parametrize(
    "change", [{"amount": rub(451)}, {"billing_account_id": "acc_2"}, {"save_payment_method": True}]
)
def test_refuses_another_content_under_the_same_request_id(change: dict[str, Any]) -> None:
    world, request = World(), make_request()
    world.process().create_payment(request)

    with pytest.raises(RequestIdReused):
        world.process().create_payment(
            make_request(
                **{
                    "request_id": request.request_id,
                    "subscriber_id": request.subscriber_id,
                    "billing_account_id": request.billing_account_id,
                }
                | change
            )
        )

    assert len(world.payments.rows.all()) == 1


def test_two_subscribers_may_use_one_request_id() -> None:
    world = World()

    world.process().create_payment(make_request(request_id="one"))
    world.process().create_payment(make_request(request_id="one"))

    assert len(world.payments.rows.all()) == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"request_id": ""}, RequestIdMissing),
        ({"amount": rub(0)}, AmountNotPositive),
        ({"amount": rub(-5)}, AmountNotPositive),
        ({"amount": rub(350_001)}, AmountTooLarge),
        ({"return_url": ""}, ReturnUrlNotAllowed),
        ({"return_url": "http://localhost:18080.evil.example/"}, ReturnUrlNotAllowed),
        ({"return_url": "http://localhost:18080@evil.example/"}, ReturnUrlNotAllowed),
        ({"return_url": "https://evil.example/?http://localhost:18080/"}, ReturnUrlNotAllowed),
        ({"kind": PaymentKind.WEBMONEY}, PaymentKindDisabled),
        ({"kind": PaymentKind.SAVED_CARD, "payment_method_id": "pm_none"}, PaymentMethodNotFound),
        ({"kind": PaymentKind.NEW_CARD, "payment_method_id": "pm_none"}, FieldInvalid),
    ],
)
def test_refuses_and_saves_nothing(fields: dict[str, Any], error: type[DomainError]) -> None:
    world = World()

    with pytest.raises(error):
        world.process().create_payment(make_request(**fields))

    assert world.payments.rows.all() == []
    assert world.acquirer.by_key == {}


def test_refuses_a_card_of_another_and_a_removed_one_alike() -> None:
    world, request = World(), make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    foreign = make_method(payment_method_id="pm_1")
    removed = make_method(payment_method_id="pm_2", subscriber_id=request.subscriber_id)
    removed.remove(now=world.clock.now())
    world.methods.save(foreign)
    world.methods.save(removed)

    for payment_method_id in ("pm_1", "pm_2"):
        with pytest.raises(PaymentMethodNotFound, match="There is no such saved card"):
            world.process().create_payment(
                make_request(
                    subscriber_id=request.subscriber_id,
                    kind=PaymentKind.SAVED_CARD,
                    payment_method_id=payment_method_id,
                    return_url="",
                )
            )

    assert world.payments.rows.all() == []


def test_what_accounts_refuses_is_refused_and_not_saved() -> None:
    world = World()
    world.accounts.refusal = PaymentMethodNotFound("any refusal of accounts")

    with pytest.raises(PaymentMethodNotFound):
        world.process().create_payment(make_request())

    assert world.payments.rows.all() == []


def test_without_an_answer_it_is_unknown_and_settled_by_asking_with_one_charge() -> None:
    world = World()
    world.acquirer.script.append(lambda answer: Silence())
    request = make_request()

    payment = world.process().create_payment(request)
    world.process().run(minutes=1)

    assert payment.state is State.UNKNOWN
    [settled] = world.payments.rows.all()
    assert settled.state is State.AWAITING_CONFIRMATION
    assert len(world.acquirer.by_key) == 1


def test_a_charge_whose_answers_are_lost_again_and_again_is_repeated_as_the_same_one() -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world = World()
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
    world.acquirer.lists_lag = True
    world.acquirer.script += [lambda answer: Silence()] * 4

    world.process().create_payment(request)
    world.process().run(minutes=30)

    [settled] = world.payments.rows.all()
    assert (world.acquirer.script, settled.state) == ([], State.POSTED)
    assert len(world.acquirer.charges) == 1


def test_a_card_removed_meanwhile_is_not_charged_again_under_the_old_key() -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world = World()
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
    world.acquirer.silent_before = 1
    world.process().create_payment(request)

    world.process().remove_method(subscriber_id=request.subscriber_id, payment_method_id="pm_1")
    world.process().run(minutes=10)

    assert world.acquirer.charges == []
    assert world.payments.rows.all()[0].state is State.UNKNOWN
