"""The pages of tariff plan, services and promised payment: how they lead on, states in words, no dead ends."""

from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2, ordering_pb2

from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway import ordering_examples as ordered
from tests.gateway.browser import Browser, hidden_fields
from tests.gateway.ordering_script import PROMISE, SERVICES, TARIFF, have, page_of, refuse
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything

_REQUESTED = {
    "ru": "Запрошено, будет выполнено, когда ответит регион: Новосибирская область.",
    "en": "Requested, will be done when the region answers: Novosibirsk Oblast.",
}
_PLANS_OF = {TARIFF: "ListTariffPlans", SERVICES: "ListServiceOffers", PROMISE: "GetPromisedPaymentEligibility"}


def test_an_accounts_page_leads_to_tariff_services_and_promise(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    html = subscriber.get("/accounts/acc_1").text

    assert "Тариф и услуги" in html
    assert all(f'href="{page}"' in html for page in (TARIFF, SERVICES, PROMISE))


def test_an_account_that_may_not_be_managed_leads_to_none_of_them(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = make.make_account()
    del account.allowed_actions[:]
    services.scripted["accounts"].scripts["GetBillingAccount"] = lambda _: accounts_pb2.GetBillingAccountResponse(
        billing_account=account
    )

    assert TARIFF not in subscriber.get("/accounts/acc_1").text


def test_a_plan_is_changed_by_a_quote_that_is_shown_first(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    quoted = subscriber.send(TARIFF, f"{TARIFF}/quote", tariff_plan_id="trf_2")
    quote_id = hidden_fields(quoted.text)["tariff_quote_id"]
    changed = subscriber.send(TARIFF, f"{TARIFF}/change", tariff_quote_id=quote_id)

    for said in ("150,00\u00a0₽", "361,00\u00a0₽", "Антивирус", "до начала 1\u00a0декабря", "19:10"):
        assert said in quoted.text, said
    assert services.scripted["ordering"].requests("CreateTariffChange")[0].tariff_quote_id == "quo_t1"
    assert (changed.status_code, changed.headers["Location"]) == (303, TARIFF)


def test_a_quote_that_takes_nothing_away_says_so(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    quote = ordered.make_tariff_quote()
    del quote.lost[:]
    services.scripted["ordering"].scripts["CreateTariffQuote"] = lambda _: ordering_pb2.CreateTariffQuoteResponse(
        tariff_quote=quote
    )

    assert "Вы ничего не теряете" in subscriber.send(TARIFF, f"{TARIFF}/quote", tariff_plan_id="trf_2").text


def test_no_plan_chosen_is_a_complaint_at_the_choice(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(TARIFF, f"{TARIFF}/quote")

    assert answer.status_code == 400
    assert '<a href="#tariff_plan_id">Новый тариф</a>' in answer.text
    assert 'id="tariff_plan_id"' in answer.text


def test_a_change_can_be_taken_back_until_its_day_begins_in_the_region(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    have(services, ordered.make_change())

    html = subscriber.get(TARIFF).text
    answer = subscriber.send(TARIFF, f"{TARIFF}/changes/chg_t1/cancel")

    assert "Отменить можно до 1\u00a0декабря, 00:00" in html  # 17:00 UTC in Novosibirsk
    assert f'action="{TARIFF}/changes/chg_t1/cancel"' in html
    assert (answer.status_code, answer.headers["Location"]) == (303, TARIFF)
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
    have(services, change)

    assert "/cancel" not in subscriber.get(TARIFF).text


def test_no_second_change_is_offered_while_one_waits(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    have(services, ordered.make_change())

    html = subscriber.get(TARIFF).text

    assert f"{TARIFF}/quote" not in html
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
    have(services, item)
    refuse(services, _PLANS_OF[page_of(item)], "REGION_UNAVAILABLE", Kind.UNAVAILABLE, region="54")

    answer = subscriber.get(page_of(item), **{"Accept-Language": language})

    assert answer.status_code == 200
    assert _REQUESTED[language] in answer.text


@pytest.mark.parametrize("page", [TARIFF, SERVICES, PROMISE])
def test_a_silent_region_costs_what_only_it_can_say(subscriber: Browser, services: Services, page: str) -> None:
    script_everything(services)
    refuse(services, _PLANS_OF[page], "REGION_UNAVAILABLE", Kind.UNAVAILABLE, region="54")

    answer = subscriber.get(page)

    assert answer.status_code == 200
    assert "Регион сейчас не отвечает" in answer.text
    assert 'href="/help/figures-and-freshness"' in answer.text
    assert 'class="form"' not in answer.text


@pytest.mark.parametrize("page", [TARIFF, SERVICES, PROMISE])
def test_a_refusal_that_is_no_silence_is_the_pages_answer(subscriber: Browser, services: Services, page: str) -> None:
    script_everything(services)
    refuse(services, _PLANS_OF[page], "ACTION_NOT_ALLOWED", Kind.PERMISSION_DENIED)

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
    have(services, item)

    assert why in subscriber.get(page_of(item)).text


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
    have(services, item)

    html = subscriber.get(page_of(item)).text

    assert ('http-equiv="refresh"' in html) is reloads
    assert not (reloads and 'class="form"' in html)


def test_a_refusal_is_not_reloaded_away(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    have(services, ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_REQUESTED))
    refuse(services, "CancelTariffChange", "TARIFF_CHANGE_DONE", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(TARIFF, f"{TARIFF}/changes/chg_t1/cancel")

    assert answer.status_code == 409
    assert 'http-equiv="refresh"' not in answer.text
