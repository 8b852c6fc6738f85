"""Refusals as RFC 9457 problems: one status per kind, one code per reason, words in two languages."""

import pytest
from flask.testing import FlaskClient

from gateway.errors import Problems
from gateway.wording import load_error_texts, load_texts
from services.chassis.errors import Kind
from tests.gateway.browser import json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.PERMISSION_DENIED: 403,
    Kind.NOT_FOUND: 404,
    Kind.ALREADY_EXISTS: 409,
    Kind.FAILED_PRECONDITION: 409,
    Kind.ABORTED: 409,
    Kind.RESOURCE_EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.DEADLINE_EXCEEDED: 503,
    Kind.INTERNAL: 500,
}


def _refuse(services: Services, error: Exception) -> None:
    def script(_request: object) -> None:
        raise error

    services.scripted["identity"].scripts["GetProfile"] = script


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_status_and_keeps_the_reason_as_code(
    api: FlaskClient, services: Services, bearer: dict[str, str], kind: Kind
) -> None:
    _refuse(services, Refused("SOMETHING_NEW", kind))

    answer = api.get("/api/v1/profile", headers=bearer)

    assert answer.status_code == _STATUS[kind]
    assert answer.mimetype == "application/problem+json"
    assert json_of(answer)["code"] == "SOMETHING_NEW"
    assert json_of(answer)["status"] == _STATUS[kind]
    assert json_of(answer)["title"] and json_of(answer)["detail"]
    assert json_of(answer)["type"] == "urn:kabinet:problem:SOMETHING_NEW"
    assert json_of(answer)["instance"] == f"urn:kabinet:request:{answer.headers['X-Request-Id']}"
    assert json_of(answer)["help_url"].startswith("https://localhost/help/")


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED])
def test_what_passes_says_when_to_come_back(
    api: FlaskClient, services: Services, bearer: dict[str, str], kind: Kind
) -> None:
    _refuse(services, Refused("LATER", kind, retry_after_s="42"))

    assert api.get("/api/v1/profile", headers=bearer).headers["Retry-After"] == "42"


def test_what_does_not_pass_says_nothing_of_coming_back(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    _refuse(services, Refused("NEVER", Kind.FAILED_PRECONDITION))

    assert "Retry-After" not in api.get("/api/v1/profile", headers=bearer).headers


def test_a_service_that_is_down_is_a_503_with_retry_after(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    services.take_down("content")
    try:
        answer = api.get("/api/v1/entitlements", headers=bearer)
    finally:
        services.bring_back("content")

    assert answer.status_code == 503
    assert json_of(answer)["code"] == "TEMPORARILY_UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        ("", "Нужно войти"),
        ("ru", "Нужно войти"),
        ("en-GB,en;q=0.9", "Log in first"),
        ("de", "Нужно войти"),
        ("de,en;q=0.5,ru;q=0.1", "Log in first"),
    ],
)
def test_speaks_the_language_that_is_asked_for(api: FlaskClient, accepted: str, title: str) -> None:
    answer = api.get("/api/v1/profile", headers={"Accept-Language": accepted})

    assert json_of(answer)["title"] == title


def test_an_error_nobody_foresaw_says_nothing_of_itself(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    _refuse(services, RuntimeError("secret text of pymongo 4.9"))

    answer = api.get("/api/v1/profile", headers=bearer)

    assert answer.status_code == 500
    assert json_of(answer)["code"] == "INTERNAL"
    assert "pymongo" not in answer.text


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1//profile", 404, "NOT_FOUND"),
        ("GET", "/api//v1/regions", 404, "NOT_FOUND"),
        ("POST", "/api/v1/billing-accounts//tariff-quotes", 404, "NOT_FOUND"),
        ("PUT", "/api/v1/sessions", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/api/v1/sessions", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_errors_of_the_framework_are_problems_too(
    api: FlaskClient, method: str, address: str, status: int, code: str
) -> None:
    answer = api.open(address, method=method)

    assert (answer.status_code, json_of(answer)["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


def test_russian_words_stand_in_json_as_they_are(api: FlaskClient) -> None:
    assert "Нужно войти".encode() in api.get("/api/v1/profile").data


def test_fields_are_named_one_by_one_without_their_values(api: FlaskClient) -> None:
    body = {"login": "x" * 65, "password": "secret-value", "surprise": {"$ne": None}}

    answer = api.post("/api/v1/sessions", json=body, headers={"Accept-Language": "en"})

    assert answer.status_code == 400
    assert json_of(answer)["errors"] == [
        {"field": "login", "code": "TOO_LONG", "detail": "Too long, at most 64."},
        {"field": "surprise", "code": "UNKNOWN_FIELD", "detail": "There is no such field."},
    ]
    assert "secret-value" not in answer.text


@pytest.mark.parametrize("value", [{"$ne": ""}, ["x"], 7, True, None])
def test_a_string_is_never_made_of_something_else(api: FlaskClient, services: Services, value: object) -> None:
    answer = api.post("/api/v1/sessions", json={"login": value, "password": "a long phrase"})

    assert answer.status_code == 400
    assert json_of(answer)["errors"][0]["field"] == "login"
    assert services.scripted["identity"].calls == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BODY_UNREADABLE"),
        (b"[" * 60_000, "BODY_UNREADABLE"),
        (b"", "BODY_UNREADABLE"),
        (b"null", "BODY_UNREADABLE"),
        (b"[1]", "BODY_UNREADABLE"),
        (b'"text"', "BODY_UNREADABLE"),
        (b"x" * 70_000, "BODY_TOO_LARGE"),
    ],
)
def test_a_body_that_is_no_object_is_refused(api: FlaskClient, body: bytes, code: str) -> None:
    answer = api.post("/api/v1/sessions", data=body, content_type="application/json")

    assert json_of(answer)["code"] == code
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_an_object_that_is_not_called_json_is_refused(api: FlaskClient, services: Services, content_type: str) -> None:
    answer = api.post("/api/v1/sessions", data=b'{"login": "anna", "password": "p"}', content_type=content_type)

    assert (answer.status_code, json_of(answer)["code"]) == (400, "BODY_UNREADABLE")
    assert services.scripted["identity"].calls == []


@pytest.mark.parametrize(("language", "object_"), [("ru", "один объект JSON"), ("en", "one JSON object")])
@pytest.mark.parametrize("body", [b"", b"[1]", b"{"])
def test_a_body_that_cannot_be_read_says_what_to_send_instead(
    api: FlaskClient, language: str, object_: str, body: bytes
) -> None:
    answer = api.post(
        "/api/v1/sessions", data=body, content_type="application/json", headers={"Accept-Language": language}
    )

    assert object_ in json_of(answer)["next_step"]
    assert "Content-Type: application/json" in json_of(answer)["next_step"]
    assert json_of(answer)["errors"] == []


def test_a_route_that_takes_no_body_needs_none(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)

    assert api.delete("/api/v1/payment-methods/pm_1", headers=bearer).status_code == 204


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ru", "до 1\u202f234\u202f567,50\u00a0₽ в месяц, в этом месяце оплачено или ждёт оплаты 0,05\u00a0₽"),
        ("en", "allows you ₽1,234,567.50 a month; ₽0.05 is paid"),
    ],
)
def test_sums_in_a_refusal_are_written_as_sums(language: str, expected: str) -> None:
    problems = Problems(errors=load_error_texts(), field_rules=load_texts("fields"))
    refused = Refused(
        "MONTHLY_PAY_LIMIT_EXCEEDED",
        Kind.FAILED_PRECONDITION,
        limit_minor="123456750",
        spent_minor="5",
        left_minor="nonsense",
    )

    problem = problems.of(refused, language=language)

    assert expected in problem.detail
    assert "—" in problem.detail  # what is no sum


@pytest.mark.parametrize(("language", "expected"), [("ru", " 1 с назад."), ("en", " 1 s ago.")])
def test_seconds_are_right_for_every_number_of_them(language: str, expected: str) -> None:
    problems = Problems(errors=load_error_texts(), field_rules=load_texts("fields"))

    problem = problems.of(Refused("SIMILAR_PAYMENT", Kind.ALREADY_EXISTS, seconds_ago="1"), language=language)

    assert problem.detail.endswith(expected)


def test_a_rule_of_a_service_that_is_not_known_here_gets_general_words() -> None:
    problems = Problems(errors=load_error_texts(), field_rules=load_texts("fields"))

    problem = problems.of(Refused("FIELD_INVALID", Kind.INVALID, field="day", rule="{__class__}"), language="en")

    assert problem.fields == (
        {"field": "day", "code": "NOT_VALID", "detail": "The value does not have the right form."},
    )
