"""The OpenAPI document: valid, complete, and true about what the routes answer."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.gateway.browser import json_of
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything

_PATH = {"slug": "payments"}
_POST = {
    "/registrations": {
        "login": "anna",
        "password": "a long phrase",
        "email": "a@example.ru",
        "consents": [{"kind": "terms", "version": "1"}],
    },
    "/registrations/{registration_id}/confirmation": {"code": "12345678"},
    "/sessions": {"login": "anna", "password": "a long phrase"},
    "/sessions/refresh": {"refresh_token": "r"},
    "/social-logins": {"provider": "demo-id", "return_url": "https://localhost/x"},
    "/social-logins/{social_login_id}/completion": {"code": "c", "state": "s", "browser_secret": "b" * 16},
    "/billing-accounts": {
        "region": "54",
        "number": "541000000017",
        "proof": {"kind": "bill_code", "value": "x"},
    },
    "/payments": {
        "billing_account_id": "acc_1",
        "amount": {"amount_minor": 45000, "currency": "RUB"},
        "method": {"kind": "new_card"},
        "return_url": "https://localhost/x",
    },
    "/payment-methods": {"return_url": "https://localhost/x"},
    "/autopay-rules": {
        "billing_account_id": "acc_1",
        "payment_method_id": "pm_1",
        "amount": {"amount_minor": 45000, "currency": "RUB"},
        "trigger": {"kind": "day_of_month", "day": 31},
    },
    "/autopay-links/{token}": {},
    "/billing-accounts/{billing_account_id}/grants": {
        "actions": ["view", "pay"],
        "monthly_pay_limit": {"amount_minor": 100000, "currency": "RUB"},
        "ends_on": "2026-12-31",
    },
    "/billing-accounts/{billing_account_id}/tariff-quotes": {"tariff_plan_id": "trf_2"},
    "/billing-accounts/{billing_account_id}/tariff-changes": {"tariff_quote_id": "quo_t1"},
    "/billing-accounts/{billing_account_id}/service-orders": {"offer_code": "TV/HD 50"},
    "/billing-accounts/{billing_account_id}/promised-payments": {"amount": {"amount_minor": 30000, "currency": "RUB"}},
    "/content-quotes": {"offering_id": "off_irony", "billing_account_id": "acc_1"},
    "/content-orders": {"content_quote_id": "quo_1"},
}


@pytest.fixture
def document(api: FlaskClient) -> dict[str, Any]:
    answer: dict[str, Any] = json_of(api.get("/api/v1/openapi.json"))
    return answer


def test_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()

    assert document["openapi"] == "3.1.0"


def test_names_every_api_route(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (rule.rule.replace("<string:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json")
    }

    assert {(path, method) for path, item in document["paths"].items() for method in item} == routes


def test_every_string_that_comes_in_is_bounded(document: dict[str, Any]) -> None:
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for item in document["paths"].values()
        for operation in item.values()
        if "requestBody" in operation
    ]
    unbounded = [found for name in bodies for found in _unbounded(document, document["components"]["schemas"][name])]

    assert len(bodies) >= 15
    assert unbounded == []


def test_says_of_each_operation_whether_it_needs_a_login(document: dict[str, Any]) -> None:
    paths = document["paths"]

    assert paths["/api/v1/help/articles"]["get"]["security"] == []
    assert paths["/api/v1/overview"]["get"]["security"] == [{"bearer": []}, {"cookies": []}]


def test_names_the_refusals_that_every_route_can_give_and_those_of_the_webhook(document: dict[str, Any]) -> None:
    refusals = {
        (path, method): {status for status in operation["responses"] if status >= "400"}
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }

    of_the_webhook = refusals.pop(("/api/v1/webhooks/yookassa", "post"))
    assert {"413", "503"} <= of_the_webhook and "401" not in of_the_webhook
    assert [place for place, known in refusals.items() if not {"400", "401", "413", "429", "500", "503"} <= known] == []


def test_what_the_reads_answer_is_what_it_says(
    document: dict[str, Any], api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    checked = 0

    for path, item in document["paths"].items():
        operation = item.get("get")
        if operation is None or path.endswith("/pdf"):
            continue
        answer = api.get(_filled(path), headers=bearer)
        assert (path, answer.status_code) == (path, 200)
        _check(document, operation, answer)
        checked += 1

    assert checked >= 25


@pytest.mark.parametrize("path", _POST)
def test_what_the_posts_answer_is_what_it_says(
    document: dict[str, Any], api: FlaskClient, services: Services, bearer: dict[str, str], path: str
) -> None:
    script_everything(services)

    answer = api.post(_filled(f"/api/v1{path}"), headers={**bearer, "Idempotency-Key": "key-12345"}, json=_POST[path])

    assert answer.status_code in {200, 201, 202}, answer.text
    _check(document, document["paths"][f"/api/v1{path}"]["post"], answer)


def _filled(path: str) -> str:
    parts = path.split("/")
    return "/".join(_PATH.get(part[1:-1], "x1") if part.startswith("{") else part for part in parts)


def _check(document: dict[str, Any], operation: dict[str, Any], answer: Any) -> None:
    content = operation["responses"][str(answer.status_code)]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    closed = {**schema, "components": {"schemas": _closed(document["components"]["schemas"])}}
    Draft202012Validator(closed).validate(json_of(answer))


def _closed(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas without room for fields that they do not name."""
    return {
        name: {**schema, "additionalProperties": False} if "properties" in schema else schema
        for name, schema in schemas.items()
    }


def _unbounded(document: dict[str, Any], schema: dict[str, Any], at: str = "") -> list[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _unbounded(document, document["components"]["schemas"][name], f"{at}/{name}")
    found = [
        place
        for key in ("properties",)
        for name, part in schema.get(key, {}).items()
        for place in _unbounded(document, part, f"{at}/{name}")
    ]
    found += [place for part in schema.get("anyOf", []) for place in _unbounded(document, part, at)]
    if "items" in schema:
        found += _unbounded(document, schema["items"], f"{at}[]")
    bounded = {"maxLength", "enum", "const", "pattern"} & schema.keys()
    if schema.get("type") == "string" and not bounded:
        found.append(at)
    return found
