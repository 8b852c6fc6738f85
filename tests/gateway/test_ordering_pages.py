"""The pages of tariff plan, services and promised payment: terms before the button, states in words, no dead ends."""

import re
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2, ordering_pb2

from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway import ordering_examples as ordered
from tests.gateway.browser import Browser, hidden_fields
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_TARIFF = "/accounts/acc_1/tariff"
_SERVICES = "/accounts/acc_1/services"
_PROMISE = "/accounts/acc_1/promised-payment"
_REQUESTED = {
    "ru": "Запрошено, будет выполнено, когда ответит регион: Новосибирская область.",
    "en": "Requested, will be done when the region answers: Novosibirsk Oblast.",
}
_PLANS_OF = {_TARIFF: "ListTariffPlans", _SERVICES: "ListServiceOffers", _PROMISE: "GetPromisedPaymentEligibility"}


def _refuse(services: Services, method: str, reason: str, kind: Kind, **metadata: str) -> None:
    def script(_request: object) -> None:
        raise Refused(reason, kind, **metadata)

    services.scripted["ordering"].scripts[method] = script


def _have(services: Services, item: Any) -> None:
    """Make the list of a change, an order or a promise hold just this one."""
    lists = {
        ordering_pb2.TariffChange: ("ListTariffChanges", "tariff_changes"),
        ordering_pb2.ServiceOrder: ("ListServiceOrders", "service_orders"),
        ordering_pb2.PromisedPayment: ("ListPromisedPayments", "promised_payments"),
    }
    method, field = lists[type(item)]
    answer = getattr(ordering_pb2, f"{method}Response")(**{field: [item]})
    services.scripted["ordering"].scripts[method] = lambda _: answer


def _page_of(item: Any) -> str:
    return {
        ordering_pb2.TariffChange: _TARIFF,
        ordering_pb2.ServiceOrder: _SERVICES,
        ordering_pb2.PromisedPayment: _PROMISE,
    }[type(item)]


def test_an_accounts_page_leads_to_tariff_services_and_promise(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    html = subscriber.get("/accounts/acc_1").text

    assert "Тариф и услуги" in html
    assert all(f'href="{page}"' in html for page in (_TARIFF, _SERVICES, _PROMISE))


def test_an_account_that_may_not_be_managed_leads_to_none_of_them(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = make.make_account()
    del account.allowed_actions[:]
    services.scripted["accounts"].scripts["GetBillingAccount"] = lambda _: accounts_pb2.GetBillingAccountResponse(
        billing_account=account
    )

    assert _TARIFF not in subscriber.get("/accounts/acc_1").text


def test_a_plan_is_changed_by_a_quote_that_is_shown_first(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    quoted = subscriber.send(_TARIFF, f"{_TARIFF}/quote", tariff_plan_id="trf_2")
    quote_id = hidden_fields(quoted.text)["tariff_quote_id"]
    changed = subscriber.send(_TARIFF, f"{_TARIFF}/change", tariff_quote_id=quote_id)

    for said in ("150,00\u00a0₽", "361,00\u00a0₽", "Антивирус", "до начала 1\u00a0декабря", "19:10"):
        assert said in quoted.text, said
    assert services.scripted["ordering"].requests("CreateTariffChange")[0].tariff_quote_id == "quo_t1"
    assert (changed.status_code, changed.headers["Location"]) == (303, _TARIFF)


def test_a_quote_that_takes_nothing_away_says_so(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    quote = ordered.make_tariff_quote()
    del quote.lost[:]
    services.scripted["ordering"].scripts["CreateTariffQuote"] = lambda _: ordering_pb2.CreateTariffQuoteResponse(
        tariff_quote=quote
    )

    assert "Вы ничего не теряете" in subscriber.send(_TARIFF, f"{_TARIFF}/quote", tariff_plan_id="trf_2").text


def test_no_plan_chosen_is_a_complaint_at_the_choice(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(_TARIFF, f"{_TARIFF}/quote")

    assert answer.status_code == 400
    assert '<a href="#tariff_plan_id">Новый тариф</a>' in answer.text
    assert 'id="tariff_plan_id"' in answer.text


def test_a_change_can_be_taken_back_until_its_day_begins_in_the_region(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _have(services, ordered.make_change())

    html = subscriber.get(_TARIFF).text
    answer = subscriber.send(_TARIFF, f"{_TARIFF}/changes/chg_t1/cancel")

    assert re.search("Отменить можно до 1\u00a0декабря( 2026)?, 00:00", html)  # 17:00 UTC in Novosibirsk
    assert f'action="{_TARIFF}/changes/chg_t1/cancel"' in html
    assert (answer.status_code, answer.headers["Location"]) == (303, _TARIFF)
    assert services.scripted["ordering"].requests("CancelTariffChange")[0].tariff_change_id == "chg_t1"


@pytest.mark.parametrize(
    "change",
    [
        ordered.make_change(can_be_undone=False),
        ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_CANCELING),
        ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_DONE, can_be_undone=False),
    ],
    ids=["too late", "being taken back", "done"],
)
def test_what_cannot_be_taken_back_has_no_button_for_it(
    subscriber: Browser, services: Services, change: ordering_pb2.TariffChange
) -> None:
    script_everything(services)
    _have(services, change)

    assert "/cancel" not in subscriber.get(_TARIFF).text


def test_no_second_change_is_offered_while_one_waits(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _have(services, ordered.make_change())

    html = subscriber.get(_TARIFF).text

    assert f"{_TARIFF}/quote" not in html
    assert "Смена тарифа уже запрошена" in html
    assert services.scripted["ordering"].requests("ListTariffPlans") == []


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize(
    "item",
    [
        ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_REQUESTED),
        ordered.make_service_order(ordering_pb2.SERVICE_ORDER_STATE_REQUESTED),
        ordered.make_promise(ordering_pb2.PROMISED_PAYMENT_STATE_REQUESTED),
    ],
    ids=["change", "order", "promise"],
)
def test_what_awaits_the_region_says_so_and_which_region_even_when_it_is_silent(
    subscriber: Browser, services: Services, item: Any, language: str
) -> None:
    script_everything(services)
    _have(services, item)
    _refuse(services, _PLANS_OF[_page_of(item)], "REGION_UNAVAILABLE", Kind.UNAVAILABLE, region="54")

    answer = subscriber.get(_page_of(item), **{"Accept-Language": language})

    assert answer.status_code == 200
    assert _REQUESTED[language] in answer.text


@pytest.mark.parametrize("page", [_TARIFF, _SERVICES, _PROMISE])
def test_a_silent_region_costs_what_only_it_can_say(subscriber: Browser, services: Services, page: str) -> None:
    script_everything(services)
    _refuse(services, _PLANS_OF[page], "REGION_UNAVAILABLE", Kind.UNAVAILABLE, region="54")

    answer = subscriber.get(page)

    assert answer.status_code == 200
    assert "Регион сейчас не отвечает" in answer.text
    assert 'href="/help/figures-and-freshness"' in answer.text
    assert 'class="form"' not in answer.text


@pytest.mark.parametrize("page", [_TARIFF, _SERVICES, _PROMISE])
def test_a_refusal_that_is_no_silence_is_the_pages_answer(subscriber: Browser, services: Services, page: str) -> None:
    script_everything(services)
    _refuse(services, _PLANS_OF[page], "ACTION_NOT_ALLOWED", Kind.PERMISSION_DENIED)

    assert subscriber.get(page).status_code == 403


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (
            ordered.make_change(
                ordering_pb2.TARIFF_CHANGE_STATE_REFUSED, can_be_undone=False, refusal_reason="TARIFF_QUOTE_OUTDATED"
            ),
            "Тариф остался прежним. Цена или дата изменились",
        ),
        (
            ordered.make_service_order(ordering_pb2.SERVICE_ORDER_STATE_REFUSED, refusal_reason="NO_FREE_LINE"),
            "Услуга не подключена. По вашему адресу нет свободной линии",
        ),
        (
            ordered.make_promise(ordering_pb2.PROMISED_PAYMENT_STATE_REFUSED, refusal_reason="SOMETHING_NEW"),
            "Регион отказал, не назвав понятной причины",
        ),
    ],
    ids=["change", "order", "promise"],
)
def test_what_the_region_refused_says_why_and_what_to_do(
    subscriber: Browser, services: Services, item: Any, why: str
) -> None:
    script_everything(services)
    _have(services, item)

    assert why in subscriber.get(_page_of(item)).text


def test_a_service_is_ordered_once_with_its_price_in_sight(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    shown = subscriber.get(_SERVICES).text
    answer = subscriber.send(_SERVICES, _SERVICES, offer_code="TV/HD 50")

    assert "подключение 500,00\u00a0₽, затем 320,00\u00a0₽ в месяц" in shown
    (request,) = services.scripted["ordering"].requests("CreateServiceOrder")
    assert (request.offer_code, request.billing_account_id, len(request.request_id)) == ("TV/HD 50", "acc_1", 36)
    assert (answer.status_code, answer.headers["Location"]) == (303, _SERVICES)


@pytest.mark.parametrize(
    ("page", "method", "fields"),
    [
        (_SERVICES, "CreateServiceOrder", {"offer_code": "TV/HD 50"}),
        (_PROMISE, "TakePromisedPayment", {"amount": "300"}),
    ],
)
def test_each_rendering_has_a_key_of_its_own_and_a_refused_form_keeps_it(
    subscriber: Browser, services: Services, page: str, method: str, fields: dict[str, str]
) -> None:
    script_everything(services)
    first, second = (hidden_fields(subscriber.get(page).text)["request_id"] for _ in range(2))
    _refuse(services, method, "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)

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
    _have(services, ordered.make_service_order(state))

    assert (f'action="{_SERVICES}/orders/sord_1/cancel"' in subscriber.get(_SERVICES).text) is offered


def test_cancelling_too_late_comes_back_to_the_orders_with_the_reason(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _refuse(services, "CancelServiceOrder", "SERVICE_ORDER_DONE", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(_SERVICES, f"{_SERVICES}/orders/sord_1/cancel")

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

    html = subscriber.get(_PROMISE).text

    assert "недавно уже был" in html and "На балансе достаточно денег" in html
    assert re.search("Попросить можно будет с 23\u00a0ноября( 2026)?, 19:00", html)
    assert f'action="{_PROMISE}"' not in html
    assert 'href="/accounts/acc_1/pay"' in html


def test_the_terms_of_a_promise_stand_before_the_button(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    terms, button, _ = subscriber.get(_PROMISE).text.partition('class="button">Взять обещанный платёж')

    assert button
    assert "300,50\u00a0₽" in terms and 'value="300,50"' in terms
    assert "Стоимость, 25,00\u00a0₽, спишется" in terms
    assert re.search(r"Вернуть до</dt><dd>\d{1,2}\u00a0\w+", terms)
    assert "На сколько дней</dt><dd>7</dd>" in terms


def test_a_promise_is_asked_for_in_kopecks(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(_PROMISE, _PROMISE, amount="250,50")

    (request,) = services.scripted["ordering"].requests("TakePromisedPayment")
    assert (request.amount.amount_minor, request.amount.currency) == (25_050, "RUB")
    assert (answer.status_code, answer.headers["Location"]) == (303, _PROMISE)


def test_a_sum_that_is_none_is_named_and_asks_nobody(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(_PROMISE, _PROMISE, amount="триста")

    assert answer.status_code == 400
    assert '<a href="#amount">Сумма</a>: Введите сумму в рублях' in answer.text
    assert 'value="триста"' in answer.text
    assert services.scripted["ordering"].requests("TakePromisedPayment") == []


@pytest.mark.parametrize(
    ("item", "reloads"),
    [
        (ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_REQUESTED), True),
        (ordered.make_change(), False),
        (ordered.make_promise(ordering_pb2.PROMISED_PAYMENT_STATE_REQUESTED), True),
        (ordered.make_promise(), False),
    ],
    ids=["change asked for", "change agreed", "promise asked for", "promise agreed"],
)
def test_a_page_reloads_while_the_region_is_awaited_and_then_shows_no_form_to_lose(
    subscriber: Browser, services: Services, item: Any, reloads: bool
) -> None:
    script_everything(services)
    _have(services, item)

    html = subscriber.get(_page_of(item)).text

    assert ('http-equiv="refresh"' in html) is reloads
    assert not (reloads and 'class="form"' in html)


def test_a_refusal_is_not_reloaded_away(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _have(services, ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_REQUESTED))
    _refuse(services, "CancelTariffChange", "TARIFF_CHANGE_DONE", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(_TARIFF, f"{_TARIFF}/changes/chg_t1/cancel")

    assert answer.status_code == 409
    assert 'http-equiv="refresh"' not in answer.text
