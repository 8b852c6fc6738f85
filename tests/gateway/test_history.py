"""Fees and payments of an account by period: days of the region's calendar go out, rows and gaps come back."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import accounts_pb2

from tests.gateway import examples as make
from tests.gateway.browser import Browser, json_of
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything

_ACCOUNT = "/api/v1/billing-accounts/acc_1"
_KEPT_FROM = datetime(2014, 6, 30, 17, tzinfo=UTC)
_LISTS = [("charges", "ListCharges"), ("payments", "ListCreditedPayments")]


def _gaps() -> list[accounts_pb2.HistoryGap]:
    silent = accounts_pb2.HistoryGap(
        begins_at=make.make_time(datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ends_at=make.make_time(datetime(2026, 11, 20, 11, tzinfo=UTC)),
        reason=accounts_pb2.HISTORY_GAP_REASON_REGION_UNAVAILABLE,
    )
    never_kept = accounts_pb2.HistoryGap(
        ends_at=make.make_time(_KEPT_FROM), reason=accounts_pb2.HISTORY_GAP_REASON_NOT_KEPT
    )
    return [silent, never_kept]


def _script_gaps(services: Services) -> None:
    script_everything(services)
    account = make.make_account()
    account.last_charges.gaps.extend(_gaps())
    account.last_payments.gaps.extend(_gaps())
    services.scripted["accounts"].scripts |= {
        "ListCharges": lambda _: accounts_pb2.ListChargesResponse(charges=account.last_charges),
        "ListCreditedPayments": lambda _: accounts_pb2.ListCreditedPaymentsResponse(payments=account.last_payments),
    }


@pytest.mark.parametrize(("path", "method"), _LISTS)
def test_a_period_is_days_of_the_regions_calendar_both_included(
    api: FlaskClient, services: Services, bearer: dict[str, str], path: str, method: str
) -> None:
    script_everything(services)

    answer = api.get(f"{_ACCOUNT}/{path}?from=2026-10-01&until=2026-10-31&page_size=5", headers=bearer)

    assert answer.status_code == 200, answer.text
    (request,) = services.scripted["accounts"].requests(method)
    assert request.begins_at.ToJsonString() == "2026-09-30T17:00:00Z"  # midnight in Novosibirsk
    assert request.ends_at.ToJsonString() == "2026-10-31T17:00:00Z"
    assert (request.billing_account_id, request.page_size) == ("acc_1", 5)


def test_without_a_period_nothing_else_is_asked(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)

    api.get(f"{_ACCOUNT}/charges?page_token=next", headers=bearer)

    ((method, request),) = services.scripted["accounts"].calls
    assert (method, request.page_token) == ("ListCharges", "next")
    assert not request.HasField("begins_at") and not request.HasField("ends_at")


@pytest.mark.parametrize(("path", "kind"), [("charges", "charges"), ("payments", "payments")])
def test_a_page_says_whose_rows_they_are_how_fresh_and_what_nobody_knows(
    api: FlaskClient, services: Services, bearer: dict[str, str], path: str, kind: str
) -> None:
    _script_gaps(services)

    page = json_of(api.get(f"{_ACCOUNT}/{path}", headers=bearer))

    assert (page["kind"], page["region"], page["as_of"]) == (kind, "54", "2026-11-20T12:00:00Z")
    assert len(page["items"]) == 1
    assert page["gaps"] == [
        {
            "begins_at": "2026-11-19T12:00:00Z",
            "ends_at": "2026-11-20T11:00:00Z",
            "reason": "region_unavailable",
        },
        {"begins_at": None, "ends_at": "2014-06-30T17:00:00Z", "reason": "not_kept"},
    ]


@pytest.mark.parametrize("query", ["from=yesterday", "until=2026-02-30", "from=0001-01-01", "until=9999-12-31", "x=1"])
def test_what_is_no_day_is_refused_by_field(
    api: FlaskClient, services: Services, bearer: dict[str, str], query: str
) -> None:
    script_everything(services)

    answer = api.get(f"{_ACCOUNT}/charges?{query}", headers=bearer)

    assert (answer.status_code, json_of(answer)["code"]) == (400, "FIELD_INVALID")
    assert json_of(answer)["errors"][0]["field"] == query.partition("=")[0]
    assert services.scripted["accounts"].calls == []


@pytest.mark.parametrize(("path", "method"), _LISTS)
def test_a_month_is_chosen_without_a_script_and_kept_on_the_next_page(
    subscriber: Browser, services: Services, path: str, method: str
) -> None:
    script_everything(services)
    services.scripted["accounts"].scripts[method] = lambda _: (
        accounts_pb2.ListChargesResponse(next_page_token="n2")
        if method == "ListCharges"
        else accounts_pb2.ListCreditedPaymentsResponse(next_page_token="n2")
    )

    html = subscriber.get(f"/accounts/acc_1/{path}?month=2014-02").text

    (request,) = services.scripted["accounts"].requests(method)
    assert (request.begins_at.ToJsonString(), request.ends_at.ToJsonString()) == (
        "2014-01-31T17:00:00Z",
        "2014-02-28T17:00:00Z",
    )
    assert '<option value="2014-02" selected>Февраль 2014</option>' in html
    assert f"/accounts/acc_1/{path}?month=2014-02&amp;page_token=n2" in html


@pytest.mark.parametrize(
    ("language", "silent", "never_kept"),
    [
        ("ru", "регион сейчас не отвечает", "регион хранит историю с этого времени"),
        ("en", "the region does not answer now", "the region keeps the history from then on"),
    ],
)
def test_gaps_stand_as_rows_in_words_where_they_belong(
    subscriber: Browser, services: Services, language: str, silent: str, never_kept: str
) -> None:
    _script_gaps(services)

    html = subscriber.get("/accounts/acc_1/charges", **{"Accept-Language": language}).text

    places = [html.index(words) for words in ("Интернет за ноябрь", silent, never_kept)]
    assert places == sorted(places)
    assert "2014" in html[places[1] :]


def test_an_empty_list_with_a_gap_does_not_say_that_there_is_nothing(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    figure = accounts_pb2.ChargesFigure(gaps=_gaps()[:1])
    services.scripted["accounts"].scripts["ListCharges"] = lambda _: accounts_pb2.ListChargesResponse(charges=figure)

    html = subscriber.get("/accounts/acc_1/charges").text

    assert "регион сейчас не отвечает" in html
    assert "Начислений нет." not in html


def test_a_month_that_is_none_is_an_error_page(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.get("/accounts/acc_1/charges?month=2026-13")

    assert answer.status_code == 400
    assert "Проверьте поля" in answer.text
    assert "Месяц" in answer.text
