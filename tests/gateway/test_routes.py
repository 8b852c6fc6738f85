"""Every route, one by one: which are open to all, and that all others refuse whoever brings no credentials."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway.auth import is_public
from tests.gateway.browser import json_of
from tests.gateway.services_script import Services

PUBLIC_API = {
    "POST /api/v1/registrations",
    "POST /api/v1/registrations/<string:registration_id>/confirmation",
    "POST /api/v1/sessions",
    "POST /api/v1/sessions/refresh",
    "GET /api/v1/social-providers",
    "POST /api/v1/social-logins",
    "POST /api/v1/social-logins/<string:social_login_id>/completion",
    "GET /api/v1/regions",
    "POST /api/v1/bill-delivery-confirmations/<string:token>",
    "GET /api/v1/autopay-links/<string:token>",
    "POST /api/v1/autopay-links/<string:token>",
    "GET /api/v1/catalog/offerings",
    "GET /api/v1/catalog/offerings/<string:offering_id>",
    "GET /api/v1/help/articles",
    "GET /api/v1/help/articles/<string:slug>",
    "POST /api/v1/webhooks/yookassa",
    "GET /api/v1/openapi.json",
}
PUBLIC_PAGES = {
    "GET /",
    "GET /register",
    "POST /register",
    "GET /register/<registration_id>",
    "POST /register/<registration_id>",
    "GET /login",
    "POST /login",
    "POST /logout",
    "POST /social-login",
    "GET /social/callback",
    "POST /language",
    "GET /bill-delivery-confirmations/<token>",
    "POST /bill-delivery-confirmations/<token>",
    "GET /autopay-links/<token>",
    "POST /autopay-links/<token>",
    "GET /catalogue",
    "GET /catalogue/<offering_id>",
    "GET /help",
    "GET /help/<slug>",
    "GET /healthz",
    "GET /readyz",
    "GET /static/<path:filename>",
}


def _routes(app: Flask) -> dict[str, str]:
    return {
        f"{method} {rule.rule}": rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _address(rule: str) -> str:
    path = rule.split(" ")[1]
    while "<" in path:
        before, _, rest = path.partition("<")
        path = f"{before}x1{rest.partition('>')[2]}"
    return path


def test_exactly_these_routes_are_open_to_all(app: Flask) -> None:
    with app.app_context():
        found = {route for route, endpoint in _routes(app).items() if is_public(endpoint)}

    assert found == PUBLIC_API | PUBLIC_PAGES


def test_there_are_routes_to_check(app: Flask) -> None:
    closed = _routes(app).keys() - PUBLIC_API - PUBLIC_PAGES

    assert len([route for route in closed if "/api/v1/" in route]) >= 35
    assert len([route for route in closed if "/api/v1/" not in route]) >= 30


def test_every_other_api_route_refuses_missing_credentials(app: Flask, api: FlaskClient, services: Services) -> None:
    for route in sorted(_routes(app).keys() - PUBLIC_API - PUBLIC_PAGES):
        if "/api/v1/" not in route:
            continue
        answer = api.open(_address(route), method=route.split(" ")[0], json={})

        assert (route, answer.status_code, json_of(answer)["code"]) == (route, 401, "CREDENTIALS_MISSING")
    assert not any(service.calls for service in services.scripted.values())


def test_every_other_page_leads_to_the_login(app: Flask, api: FlaskClient, services: Services) -> None:
    for route in sorted(_routes(app).keys() - PUBLIC_API - PUBLIC_PAGES):
        if "/api/v1/" in route:
            continue
        answer = api.open(_address(route), method=route.split(" ")[0])

        assert (route, answer.status_code) == (route, 303)
        assert answer.headers["Location"].startswith("/login?next=")
    assert not any(service.calls for service in services.scripted.values())


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer a b", "Bearer \xe9"])
def test_an_authorization_that_is_no_bearer_token_is_refused_and_never_anonymous(
    api: FlaskClient, services: Services, header: str
) -> None:
    answer = api.get("/api/v1/help/articles", headers={"Authorization": header})

    assert answer.status_code == 401
    assert json_of(answer)["code"] == "TOKEN_INVALID"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
