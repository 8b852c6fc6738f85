"""Tariff plan, services and promised payment over JSON: what goes on to accounts, and what comes back."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import ordering_pb2

from services.chassis.errors import Kind
from tests.gateway import ordering_examples as make
from tests.gateway.browser import json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_ACCOUNT = "/api/v1/billing-accounts/acc_1"
_PROMISE = {"amount": {"amount_minor": 30_000, "currency": "RUB"}}
_KEYED = [("service-orders", {"offer_code": "TV/HD 50"}), ("promised-payments", _PROMISE)]
_TEXTS = Path(__file__).resolve().parents[2] / "gateway" / "texts"
_REASONS = {
    "NOT_INTERNET", "NOT_ADVANCE", "PROMISE_OPEN", "PROMISE_OVERDUE", "TAKEN_LATELY", "BALANCE_SUFFICIENT",
    "ACCOUNT_TOO_YOUNG", "DEBT_TOO_LARGE",
}  # fmt: skip


def _refuse(services: Services, method: str, reason: str, kind: Kind, **metadata: str) -> None:
    def script(_request: object) -> None:
        raise Refused(reason, kind, **metadata)

    services.scripted["ordering"].scripts[method] = script


def test_a_quote_says_price_next_bill_losses_and_day(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = api.post(f"{_ACCOUNT}/tariff-quotes", headers=bearer, json={"tariff_plan_id": "trf_2"})

    assert answer.status_code == 201
    quote = json_of(answer)
    assert quote["price_now"] == {"amount_minor": 15_000, "currency": "RUB"}
    assert quote["next_bill"]["amount_minor"] == 36_100
    assert quote["lost"] == ["Скорость 200 Мбит/с", "Антивирус"]
    assert quote["effective_date"] == "2026-12-01"
    (request,) = services.scripted["ordering"].requests("CreateTariffQuote")
    assert (request.billing_account_id, request.tariff_plan_id) == ("acc_1", "trf_2")


def test_a_change_goes_by_its_quote_on_the_account_of_the_path_and_can_be_taken_back(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    changed = api.post(f"{_ACCOUNT}/tariff-changes", headers=bearer, json={"tariff_quote_id": "quo_t1"})
    taken_back = api.delete(f"{_ACCOUNT}/tariff-changes/chg_t1", headers=bearer)

    assert (changed.status_code, json_of(changed)["state"]) == (201, "scheduled")
    assert json_of(changed)["undo_until"] == "2026-11-30T17:00:00Z"
    assert taken_back.status_code == 200
    (change,) = services.scripted["ordering"].requests("CreateTariffChange")
    (cancel,) = services.scripted["ordering"].requests("CancelTariffChange")
    assert (change.tariff_quote_id, change.billing_account_id) == ("quo_t1", "acc_1")
    assert (cancel.tariff_change_id, cancel.billing_account_id) == ("chg_t1", "acc_1")


def test_a_change_that_cannot_be_taken_back_has_no_end_of_that(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    (change,) = json_of(api.get(f"{_ACCOUNT}/tariff-changes", headers=bearer))["items"]

    assert (change["state"], change["undo_until"]) == ("done", None)


@pytest.mark.parametrize(("path", "body"), _KEYED)
def test_what_orders_something_needs_a_key(
    api: FlaskClient, services: Services, bearer: dict[str, str], path: str, body: Any
) -> None:
    answer = api.post(f"{_ACCOUNT}/{path}", headers=bearer, json=body)

    assert (answer.status_code, json_of(answer)["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    assert services.scripted["ordering"].calls == []


@pytest.mark.parametrize(("path", "body"), _KEYED)
def test_the_key_goes_on_as_it_came(
    api: FlaskClient, services: Services, bearer: dict[str, str], path: str, body: Any
) -> None:
    script_everything(services)

    answer = api.post(f"{_ACCOUNT}/{path}", headers={**bearer, "Idempotency-Key": "key-12345"}, json=body)

    assert answer.status_code == 201
    ((_, request),) = services.scripted["ordering"].calls
    assert (request.request_id, request.billing_account_id) == ("key-12345", "acc_1")


@pytest.mark.parametrize(
    ("path", "body", "method"),
    [(*_KEYED[0], "CreateServiceOrder"), (*_KEYED[1], "TakePromisedPayment")],
)
def test_a_key_with_another_body_is_a_422(
    api: FlaskClient, services: Services, bearer: dict[str, str], path: str, body: Any, method: str
) -> None:
    _refuse(services, method, "REQUEST_ID_REUSED", Kind.ALREADY_EXISTS)

    answer = api.post(f"{_ACCOUNT}/{path}", headers={**bearer, "Idempotency-Key": "key-12345"}, json=body)

    assert (answer.status_code, json_of(answer)["code"]) == (422, "REQUEST_ID_REUSED")


@pytest.mark.parametrize(
    ("method", "path", "rpc", "reason", "kind", "status"),
    [
        ("POST", "tariff-changes", "CreateTariffChange", "TARIFF_QUOTE_EXPIRED", Kind.FAILED_PRECONDITION, 409),
        ("POST", "tariff-changes", "CreateTariffChange", "TARIFF_QUOTE_NOT_FOUND", Kind.NOT_FOUND, 404),
        ("DELETE", "tariff-changes/x", "CancelTariffChange", "TARIFF_CHANGE_DONE", Kind.FAILED_PRECONDITION, 409),
        ("DELETE", "service-orders/x", "CancelServiceOrder", "SERVICE_ORDER_NOT_FOUND", Kind.NOT_FOUND, 404),
        ("GET", "tariffs", "ListTariffPlans", "REGION_UNAVAILABLE", Kind.UNAVAILABLE, 503),
        ("GET", "service-offers", "ListServiceOffers", "ACTION_NOT_ALLOWED", Kind.PERMISSION_DENIED, 403),
        ("GET", "service-orders", "ListServiceOrders", "BILLING_ACCOUNT_NOT_FOUND", Kind.NOT_FOUND, 404),
    ],
)
def test_a_refusal_of_accounts_is_a_problem_of_the_same_reason(
    api: FlaskClient, services: Services, bearer: dict[str, str], method: str, path: str, rpc: str, reason: str,
    kind: Kind, status: int,
) -> None:  # fmt: skip
    _refuse(services, rpc, reason, kind)

    body = {"tariff_quote_id": "quo_t1"} if method == "POST" else None
    answer = api.open(f"{_ACCOUNT}/{path}", method=method, headers=bearer, json=body)

    assert (answer.status_code, json_of(answer)["code"]) == (status, reason)


def test_an_order_of_what_the_region_has_not_described_yet_has_no_prices(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    order = make.make_service_order(ordering_pb2.SERVICE_ORDER_STATE_REQUESTED)
    order.offer.CopyFrom(ordering_pb2.ServiceOffer(offer_code="TV/HD 50"))
    services.scripted["ordering"].scripts["ListServiceOrders"] = lambda _: ordering_pb2.ListServiceOrdersResponse(
        service_orders=[order]
    )

    (shown,) = json_of(api.get(f"{_ACCOUNT}/service-orders", headers=bearer))["items"]

    assert shown["offer"] == {
        "offer_code": "TV/HD 50",
        "kind": "",
        "name": "",
        "connection_price": None,
        "monthly_fee": None,
    }


@pytest.mark.parametrize("body", [{}, {"offer_code": ""}, {"offer_code": "a\nb"}, {"offer_code": "x" * 121}])
def test_an_offer_code_is_one_short_line(
    api: FlaskClient, services: Services, bearer: dict[str, str], body: Any
) -> None:
    answer = api.post(f"{_ACCOUNT}/service-orders", headers={**bearer, "Idempotency-Key": "key-12345"}, json=body)

    assert answer.status_code == 400
    assert json_of(answer)["errors"][0]["field"] == "offer_code"
    assert services.scripted["ordering"].calls == []


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "Пополните счёт"), ("en", "Top the account up")], ids=["ru", "en"]
)
def test_says_every_reason_against_a_promise_in_words(
    api: FlaskClient, services: Services, bearer: dict[str, str], language: str, words: str
) -> None:
    services.scripted["ordering"].scripts["GetPromisedPaymentEligibility"] = lambda _: make.make_eligibility(
        "PROMISE_OVERDUE", "DEBT_TOO_LARGE", "NEW_RULE_OF_A_REGION"
    )

    answer = json_of(
        api.get(f"{_ACCOUNT}/promised-payments/eligibility", headers={**bearer, "Accept-Language": language})
    )

    assert answer["eligible"] is False
    assert [reason["code"] for reason in answer["reasons"]] == [
        "PROMISE_OVERDUE",
        "DEBT_TOO_LARGE",
        "NEW_RULE_OF_A_REGION",
    ]
    assert words in answer["reasons"][0]["detail"]
    assert len({reason["detail"] for reason in answer["reasons"]}) == 3
    assert (answer["largest_amount"], answer["fee"], answer["days"]) == (None, None, None)
    assert answer["eligible_from"] == "2026-11-23T12:00:00Z"


def test_says_the_terms_of_a_promise_that_can_be_taken(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = json_of(api.get(f"{_ACCOUNT}/promised-payments/eligibility", headers=bearer))

    assert answer == {
        "eligible": True,
        "reasons": [],
        "largest_amount": {"amount_minor": 30_050, "currency": "RUB"},
        "fee": {"amount_minor": 2_500, "currency": "RUB"},
        "days": 7,
        "eligible_from": None,
    }


def test_a_promise_that_the_region_has_not_answered_has_no_fee_and_no_date_yet(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    requested = make.make_promise(ordering_pb2.PROMISED_PAYMENT_STATE_REQUESTED)
    services.scripted["ordering"].scripts["TakePromisedPayment"] = lambda _: ordering_pb2.TakePromisedPaymentResponse(
        promised_payment=requested
    )

    answer = api.post(
        f"{_ACCOUNT}/promised-payments", headers={**bearer, "Idempotency-Key": "key-12345"}, json=_PROMISE
    )

    promise = json_of(answer)
    assert (promise["state"], promise["fee"], promise["due_at"]) == ("requested", None, None)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_reason_of_the_regions_contract_has_words(language: str) -> None:
    texts = json.loads((_TEXTS / f"eligibility.{language}.json").read_text())

    assert texts.keys() == _REASONS | {"OTHER"}
    assert len(set(texts.values())) == len(texts)
    assert all(len(text.split(". ")) >= 2 or ":" in text for text in texts.values())  # why, and what to do


def test_the_reasons_are_those_of_the_regions_contract() -> None:
    contract = (_TEXTS.parents[1] / "protos/kabinet/regional/v1/ordering.proto").read_text()

    said = contract.partition("Every reason why not, constant words:")[2].partition(".\n")[0]

    assert {word.strip(" /\n") for word in said.split(",")} == _REASONS


def test_an_order_is_cancelled_on_the_account_of_the_path(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = api.delete(f"{_ACCOUNT}/service-orders/ord_s1", headers=bearer)

    assert answer.status_code == 200
    (request,) = services.scripted["ordering"].requests("CancelServiceOrder")
    assert (request.service_order_id, request.billing_account_id) == ("ord_s1", "acc_1")
