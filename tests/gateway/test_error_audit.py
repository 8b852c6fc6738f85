"""The audit of refusals: whatever is refused, wherever it is said, the answer says why and what to do next (F27)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from gateway.errors import Problems
from gateway.wording import load_error_texts, load_texts
from services.accounts.domain import errors as accounts_errors
from services.accounts.domain import ordering_errors
from services.chassis.errors import DomainError, Kind
from services.payments.domain import payment as payments
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_rule import StopReason
from tests.gateway.browser import Browser, json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_ROOT = Path(__file__).resolve().parents[2]
_TEXTS = _ROOT / "gateway" / "texts"
_ARTICLES = _ROOT / "services" / "content" / "help"
_REASONS = sorted(load_error_texts().reasons)
_LANGUAGES = ("ru", "en")
# Words that services say about what became of something, and by which prefix the pages explain them.
_CHARGES = {Reason.DUE_BY_DATE, Reason.BALANCE_AT_THRESHOLD}
_WORDS = [
    *(("skip", reason.value) for reason in Reason if reason not in _CHARGES),
    *(("autopay.stopped", reason.value) for reason in StopReason),
    *(("decline", word) for word in (payments.METHOD_REMOVED, payments.AUTOPAY_STOPPED, payments.ACCOUNT_UNLINKED)),
    *(("order.refused", word) for word in ("INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "BILLING_ACCOUNT_NOT_FOUND")),
]
# Refused while whoever asks is waiting: no wish is kept with them.
_ENDS_WITHIN_THE_CALL = {"TARIFF_QUOTE_EXPIRED", "TARIFF_CHANGE_DONE", "SERVICE_ORDER_DONE"}
_EXPLAINED = ("skip.", "autopay.stopped.", "decline.", "order.refused.", "wish.refused.", "pay.off.")


def _refuse(services: Services, reason: str, kind: Kind) -> None:
    def script(_request: object) -> None:
        raise Refused(reason, kind, field="", retry_after_s="30")

    services.scripted["accounts"].scripts["GetBillingAccount"] = script


def _pages(language: str) -> dict[str, str]:
    return dict(load_texts("cabinet", "ordering", "autopay")[language])


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("reason", _REASONS)
def test_every_reason_is_a_problem_with_why_and_what_next_and_help_that_exists(
    api: FlaskClient, services: Services, bearer: dict[str, str], reason: str, language: str
) -> None:
    _refuse(services, reason, Kind.FAILED_PRECONDITION)

    answer = api.get("/api/v1/billing-accounts/acc_1", headers={**bearer, "Accept-Language": language})

    problem = json_of(answer)
    assert (problem["code"], answer.mimetype) == (reason, "application/problem+json")
    for part in ("title", "detail", "next_step"):
        assert problem[part] and "{" not in problem[part], part
        assert bool(re.search("[а-яё]", problem[part])) == (language == "ru"), part
    slug = problem["help_url"].rpartition("/help/")[2]
    assert (_ARTICLES / language / f"{slug}.md").is_file()


@pytest.mark.parametrize("kind", Kind)
def test_a_reason_that_is_not_known_here_yet_is_explained_by_its_kind(kind: Kind) -> None:
    class OfANewerService(DomainError):
        reason = "OF_A_NEWER_SERVICE"

    OfANewerService.kind = kind
    problems = Problems(errors=load_error_texts(), field_rules=load_texts("fields"))

    for language in _LANGUAGES:
        problem = problems.of(OfANewerService("text"), language=language)
        assert problem.title and problem.detail and problem.next_step


@pytest.mark.parametrize("language", _LANGUAGES)
def test_the_error_page_and_the_summary_over_a_form_say_what_to_do_next(
    subscriber: Browser, services: Services, language: str
) -> None:
    script_everything(services)
    next_step = json.loads((_TEXTS / "errors" / "accounts.json").read_text())["LABEL_INVALID"][language]["next"]

    def refused(_request: object) -> None:
        raise Refused("LABEL_INVALID", Kind.INVALID, longest="60")

    services.scripted["accounts"].scripts["UpdateBillingAccount"] = refused
    form = subscriber.send("/accounts/acc_1", "/accounts/acc_1/label", label="x")
    _refuse(services, "LABEL_INVALID", Kind.INVALID)
    page = subscriber.get("/accounts/acc_1", **{"Accept-Language": language})

    assert (form.status_code, page.status_code) == (400, 400)
    assert next_step in page.text
    assert (next_step in form.text) == (language == "ru")  # the form was sent by a reader of Russian


def test_a_problem_of_the_framework_says_what_to_do_next(api: FlaskClient, bearer: dict[str, str]) -> None:
    answers = [
        api.get("/api/v1/nowhere"),
        api.put("/api/v1/overview", headers=bearer),
        api.post("/api/v1/sessions", data="{", content_type="application/json"),
        api.post("/api/v1/sessions", data=b" " * 70_000, content_type="application/json"),
        api.get("/api/v1/overview"),
    ]

    assert [answer.status_code for answer in answers] == [404, 405, 400, 413, 401]
    assert all(json_of(answer)["next_step"] for answer in answers)


@pytest.mark.parametrize(("prefix", "word"), _WORDS)
def test_every_word_about_an_outcome_has_words_for_people(prefix: str, word: str) -> None:
    for language in _LANGUAGES:
        assert f"{prefix}.{word.lower()}" in _pages(language), f"{word} has no next step ({prefix}, {language})"


def _wish_refusals() -> Iterator[str]:
    for module in (ordering_errors, accounts_errors):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, DomainError) and value.kind is Kind.FAILED_PRECONDITION:
                yield value.reason


@pytest.mark.parametrize("reason", sorted(set(_wish_refusals()) - {DomainError.reason}))
def test_whatever_a_region_may_refuse_a_wish_for_is_explained_where_the_wish_is_shown(reason: str) -> None:
    known = [f"wish.refused.{reason.lower()}" in _pages(language) for language in _LANGUAGES]

    assert known == [True, True] or reason in _ENDS_WITHIN_THE_CALL


@pytest.mark.parametrize("language", _LANGUAGES)
def test_explanations_on_the_pages_say_why_and_what_next(language: str) -> None:
    explained = {key: text for key, text in _pages(language).items() if key.startswith(_EXPLAINED)}
    eligibility = load_texts("eligibility")[language]

    short = [key for key, text in {**explained, **eligibility}.items() if len(re.findall(r"[.!?](?:\s|$)", text)) < 2]

    assert len(explained) > 50
    assert short == []
