"""Bearer tokens and cookies: forwarded unchanged, renewed unseen, and useless to other people's pages."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from kabinet.identity.v1 import identity_pb2

from services.chassis.caller import CallerNotAllowed, current_caller, current_subscriber
from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway.browser import Browser, csrf_token, json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything


def test_forwards_the_subscribers_token_unchanged(api: FlaskClient, services: Services) -> None:
    seen: list[str] = []
    token = services.access_token()

    def profile(_request: object) -> identity_pb2.GetProfileResponse:
        seen.append(current_subscriber().access_token)
        return identity_pb2.GetProfileResponse(profile=make.make_profile())

    services.scripted["identity"].scripts["GetProfile"] = profile

    answer = api.get("/api/v1/profile", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert seen == [token]


def test_speaks_for_itself_where_no_login_is_needed(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    seen: list[str] = []

    def search(_request: object) -> object:
        seen.append(repr(current_caller()))
        raise CallerNotAllowed("Only to look at the caller.")

    services.scripted["content"].scripts["SearchHelpArticles"] = search

    api.get("/api/v1/help/articles", headers=bearer)

    assert seen == ["ServiceCaller(name='gateway')"]


def test_tells_identity_where_a_login_comes_from_and_believes_no_header(api: FlaskClient, services: Services) -> None:
    script_everything(services)
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "User-Agent": "x" * 500}

    api.post("/api/v1/sessions", json={"login": "anna", "password": "a long phrase"}, headers=forged)

    (request,) = services.scripted["identity"].requests("CreateSession")
    assert request.client.ip_address == "127.0.0.1"
    assert request.client.user_agent == "x" * 200


def test_an_expired_token_is_refused_by_the_service(api: FlaskClient, services: Services) -> None:
    expired = services.access_token(lives_s=-60)

    answer = api.get("/api/v1/profile", headers={"Authorization": f"Bearer {expired}"})

    assert (answer.status_code, json_of(answer)["code"]) == (401, "TOKEN_INVALID")


def test_the_browser_gets_cookies_that_no_script_and_no_other_site_can_use(
    app: Flask, browser: Browser, services: Services
) -> None:
    script_everything(services)

    answer = browser.send("/login", "/login", login="anna", password="a long phrase")

    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"__Host-access", "__Host-refresh"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_a_login_leads_to_pages_of_ours_only(browser: Browser, services: Services, wanted: str) -> None:
    script_everything(services)

    answer = browser.send("/login", "/login", login="anna", password="a long phrase", next=wanted)

    assert answer.headers["Location"] == "/"


def test_a_browser_without_access_token_is_renewed_unseen(browser: Browser, services: Services) -> None:
    script_everything(services)
    browser.log_in("", "refresh-1")

    answer = browser.get("/payments")

    assert answer.status_code == 200
    assert [r.refresh_token for r in services.scripted["identity"].requests("RefreshSession")] == ["refresh-1"]
    assert browser.cookie("__Host-refresh") == "refresh-2"


def test_a_token_that_a_service_refuses_is_renewed_once_and_the_call_repeated(
    browser: Browser, services: Services
) -> None:
    script_everything(services)
    browser.log_in(services.access_token(lives_s=-60), "refresh-1")

    answer = browser.get("/")

    assert answer.status_code == 200
    assert "Анна" in answer.text
    assert len(services.scripted["identity"].requests("RefreshSession")) == 1


def test_a_bearer_token_is_never_renewed(api: FlaskClient, services: Services) -> None:
    script_everything(services)
    api.set_cookie("__Host-refresh", "refresh-1", secure=True)
    headers = {"Authorization": f"Bearer {services.access_token(lives_s=-60)}"}

    answer = api.get("/api/v1/profile", headers=headers, base_url="https://localhost")

    assert answer.status_code == 401
    assert services.scripted["identity"].requests("RefreshSession") == []


def test_parallel_requests_with_one_refresh_token_all_get_in(app: Flask, services: Services) -> None:
    script_everything(services)
    browsers = [Browser(app) for _ in range(8)]
    asked: list[str] = []
    lock = Lock()

    def refresh(request: identity_pb2.RefreshSessionRequest) -> identity_pb2.RefreshSessionResponse:
        with lock:
            asked.append(request.refresh_token)
        tokens = make.make_tokens(access_token=services.access_token())
        return identity_pb2.RefreshSessionResponse(tokens=tokens)

    services.scripted["identity"].scripts["RefreshSession"] = refresh
    for browser in browsers:
        browser.log_in("", "refresh-1")

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda browser: browser.get("/payments").status_code, browsers))

    assert statuses == [200] * 8
    assert asked == ["refresh-1"] * 8


def test_an_ended_session_leads_to_the_login_and_back(browser: Browser, services: Services) -> None:
    def ended(_request: object) -> None:
        raise Refused("SESSION_ENDED", Kind.UNAUTHENTICATED)

    services.scripted["identity"].scripts["RefreshSession"] = ended
    browser.log_in("", "refresh-1")

    answer = browser.get("/accounts/acc_1/pay")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Faccounts%2Facc_1%2Fpay"
    assert browser.cookie("__Host-refresh") == ""


def test_identity_being_down_does_not_log_anybody_out(browser: Browser, services: Services) -> None:
    browser.log_in("", "refresh-1")
    services.take_down("identity")
    try:
        answer = browser.get("/payments")
    finally:
        services.bring_back("identity")

    assert answer.status_code == 503
    assert browser.cookie("__Host-refresh") == "refresh-1"


def test_json_with_cookies_needs_the_token_of_a_page(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    refused = subscriber.post("/api/v1/content-orders", json={"content_quote_id": "quo_1"})
    token = json_of(subscriber.get("/api/v1/csrf-token"))["csrf_token"]
    headers = {"X-CSRF-Token": token, "Referer": "https://localhost/"}
    taken = subscriber.post("/api/v1/content-orders", json={"content_quote_id": "quo_1"}, headers=headers)

    assert (refused.status_code, json_of(refused)["code"]) == (403, "CSRF_TOKEN_INVALID")
    assert taken.status_code == 201
    assert len(services.scripted["content"].requests("CreateContentOrder")) == 1


def test_json_with_a_bearer_token_needs_no_token_of_a_page(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = api.post("/api/v1/content-orders", json={"content_quote_id": "quo_1"}, headers=bearer)

    assert answer.status_code == 201


def test_every_form_needs_its_token(app: Flask, subscriber: Browser, services: Services) -> None:
    script_everything(services)
    posts = [
        rule.rule.replace("<", "").replace(">", "")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    ]
    services.forget()

    answers = {address: subscriber.post(address).status_code for address in posts}

    assert len(posts) >= 20
    assert set(answers.values()) == {403}
    assert not any(service.calls for service in services.scripted.values())


def test_a_token_of_another_browser_is_refused(app: Flask, subscriber: Browser, services: Services) -> None:
    script_everything(services)
    foreign = csrf_token(Browser(app).get("/login").text)
    subscriber.get("/cards")

    headers = {"X-CSRF-Token": foreign, "Referer": "https://localhost/"}

    assert subscriber.post("/cards/pm_1/remove", headers=headers).status_code == 403


def test_logging_out_ends_the_session_and_takes_the_cookies(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send("/payments", "/logout")

    assert answer.headers["Location"] == "/"
    assert subscriber.cookie("__Host-access") == subscriber.cookie("__Host-refresh") == ""
    assert [r.session_id for r in services.scripted["identity"].requests("EndSession")] == ["current"]
