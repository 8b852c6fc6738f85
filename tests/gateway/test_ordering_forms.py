"""The forms of services and promised payment: terms before the button, each done once, refusals that keep the form."""

import re

import pytest
from kabinet.accounts.v1 import ordering_pb2

from services.chassis.errors import Kind
from tests.gateway import ordering_examples as ordered
from tests.gateway.browser import Browser, hidden_fields
from tests.gateway.ordering_script import PROMISE, SERVICES, have, refuse
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything


def test_a_service_is_ordered_once_with_its_price_in_sight(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    shown = subscriber.get(SERVICES).text
    answer = subscriber.send(SERVICES, SERVICES, offer_code="TV/HD 50")

    assert "подключение 500,00\u00a0₽, затем 320,00\u00a0₽ в месяц" in shown
    (request,) = services.scripted["ordering"].requests("CreateServiceOrder")
    assert (request.offer_code, request.billing_account_id, len(request.request_id)) == ("TV/HD 50", "acc_1", 36)
    assert (answer.status_code, answer.headers["Location"]) == (303, SERVICES)


@pytest.mark.parametrize(
    ("page", "method", "fields"),
    [
        (SERVICES, "CreateServiceOrder", {"offer_code": "TV/HD 50"}),
        (PROMISE, "TakePromisedPayment", {"amount": "300"}),
    ],
)
def test_each_rendering_has_a_key_of_its_own_and_a_refused_form_keeps_it(
    subscriber: Browser, services: Services, page: str, method: str, fields: dict[str, str]
) -> None:
    script_everything(services)
    first, second = (hidden_fields(subscriber.get(page).text)["request_id"] for _ in range(2))
    refuse(services, method, "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)

    refused = subscriber.send(page, page, request_id=second, **fields)

    assert first != second
    assert (refused.status_code, hidden_fields(refused.text)["request_id"]) == (503, second)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (ordering_pb2.SERVICE_ORDER_STATE_REQUESTED, True),
        (ordering_pb2.SERVICE_ORDER_STATE_IN_PROGRESS, True),
        (ordering_pb2.SERVICE_ORDER_STATE_DONE, False),
        (ordering_pb2.SERVICE_ORDER_STATE_CANCELING, False),
        (ordering_pb2.SERVICE_ORDER_STATE_REFUSED, False),
    ],
)
def test_an_order_can_be_cancelled_until_it_is_connected(
    subscriber: Browser, services: Services, state: "ordering_pb2.ServiceOrderState.ValueType", offered: bool
) -> None:
    script_everything(services)
    have(services, ordered.make_service_order(state))

    assert (f'action="{SERVICES}/orders/sord_1/cancel"' in subscriber.get(SERVICES).text) is offered


def test_cancelling_too_late_comes_back_to_the_orders_with_the_reason(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    refuse(services, "CancelServiceOrder", "SERVICE_ORDER_DONE", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(SERVICES, f"{SERVICES}/orders/sord_1/cancel")

    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "Интерактивное ТВ HD" in answer.text
    assert services.scripted["ordering"].requests("CancelServiceOrder")[0].service_order_id == "sord_1"


def test_every_reason_against_a_promise_stands_where_the_button_would_be(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    services.scripted["ordering"].scripts["GetPromisedPaymentEligibility"] = lambda _: ordered.make_eligibility(
        "TAKEN_LATELY", "BALANCE_SUFFICIENT"
    )

    html = subscriber.get(PROMISE).text

    assert "недавно уже был" in html and "На балансе достаточно денег" in html
    assert "Попросить можно будет с 23\u00a0ноября, 19:00" in html
    assert f'action="{PROMISE}"' not in html
    assert 'href="/accounts/acc_1/pay"' in html


def test_the_terms_of_a_promise_stand_before_the_button(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    terms, button, _ = subscriber.get(PROMISE).text.partition('class="button">Взять обещанный платёж')

    assert button
    assert "300,50\u00a0₽" in terms and 'value="300,50"' in terms
    assert "Стоимость, 25,00\u00a0₽, спишется" in terms
    assert re.search(r"Вернуть до</dt><dd>\d{1,2}\u00a0\w+", terms)
    assert "На сколько дней</dt><dd>7</dd>" in terms


def test_a_promise_is_asked_for_in_kopecks(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(PROMISE, PROMISE, amount="250,50")

    (request,) = services.scripted["ordering"].requests("TakePromisedPayment")
    assert (request.amount.amount_minor, request.amount.currency) == (25_050, "RUB")
    assert (answer.status_code, answer.headers["Location"]) == (303, PROMISE)


def test_a_sum_that_is_none_is_named_and_asks_nobody(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(PROMISE, PROMISE, amount="триста")

    assert answer.status_code == 400
    assert '<a href="#amount">Сумма</a>: Введите сумму в рублях' in answer.text
    assert 'value="триста"' in answer.text
    assert services.scripted["ordering"].requests("TakePromisedPayment") == []
