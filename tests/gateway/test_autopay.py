"""Autopay at the edge: terms of all kinds, pauses, held charges, the forecast, and links that act only by a click."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import accounts_pb2
from kabinet.payments.v1 import autopay_pb2, payments_pb2

from gateway.actions.autopay import ReasonTexts
from gateway.wording import load_texts
from services.chassis.errors import Kind
from services.payments.domain.autopay_decision import Outcome, Reason
from services.payments.domain.decline import DeclineClass
from tests.gateway import examples as make
from tests.gateway.browser import Browser, json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_TERMS = {"billing_account_id": "acc_1", "payment_method_id": "pm_1", "trigger": {"kind": "first_of_month"}}
_MONEY = {"amount_minor": 45000, "currency": "RUB"}


def held() -> payments_pb2.AutopayDecision:
    decision = make.make_decision()
    decision.state = payments_pb2.AUTOPAY_DECISION_STATE_HELD
    decision.outcome = "hold"
    decision.reasons.append("TOO_MANY_AUTOMATIC_CHARGES")
    decision.next_try_at.CopyFrom(make.make_time())
    return decision


def test_every_reason_outcome_and_class_of_decline_has_words_in_both_languages() -> None:
    """Of the service's own words: a new reason without a text is found here."""
    pages = load_texts("cabinet", "ordering", "autopay")
    wanted = {f"reason.{reason.value.lower()}" for reason in Reason}
    wanted |= {f"decision.{outcome.value}" for outcome in Outcome}
    wanted |= {f"decline_class.{one.value}" for one in DeclineClass}

    for language in ("ru", "en"):
        assert sorted(wanted - pages[language].keys()) == []


def test_what_a_skip_was_for_is_told_with_what_to_do_next() -> None:
    told = ReasonTexts(texts=load_texts("autopay")).of(["NOTHING_OWED", "OF_TOMORROW"], outcome="skip", language="en")

    assert told[0]["detail"] == "Nothing was owed, so there was nothing to charge. There is nothing to do."
    assert "Pay by hand" in told[1]["detail"]


def test_reasons_have_texts_of_a_file_of_their_own() -> None:
    """What stands there and is no reason any more would be dead text."""
    texts = json.loads((Path("gateway/texts") / "autopay.ru.json").read_text())
    told = {key.removeprefix("reason.") for key in texts if key.startswith("reason.")} - {"other"}

    assert told == {reason.value.lower() for reason in Reason}


@pytest.mark.parametrize(
    ("fields", "kind", "amount"),
    [
        ({"amount": _MONEY}, payments_pb2.AUTOPAY_AMOUNT_KIND_FIXED, 45000),
        ({"amount_kind": "debt", "caps": {"per_charge": _MONEY}}, payments_pb2.AUTOPAY_AMOUNT_KIND_DEBT, 0),
        (
            {"amount_kind": "target", "amount": _MONEY, "caps": {"per_charge": _MONEY, "per_month": None}},
            payments_pb2.AUTOPAY_AMOUNT_KIND_TARGET,
            45000,
        ),
    ],
)
def test_passes_terms_of_every_kind_on(
    api: FlaskClient, bearer: dict[str, str], services: Services, fields: dict[str, object], kind: int, amount: int
) -> None:
    script_everything(services)

    answer = api.post("/api/v1/autopay-rules", headers=bearer, json=_TERMS | fields)

    assert answer.status_code == 201, answer.text
    (request,) = services.scripted["payments"].requests("CreateAutopayRule")
    assert (request.amount_kind, request.amount.amount_minor) == (kind, amount)
    assert request.caps.HasField("per_charge") == ("caps" in fields)
    assert not request.caps.HasField("per_month")


@pytest.mark.parametrize("fields", [{}, {"amount_kind": "debt", "amount": _MONEY}, {"amount_kind": "target"}])
def test_refuses_a_sum_where_there_is_none_and_none_where_there_is_one(
    api: FlaskClient, bearer: dict[str, str], services: Services, fields: dict[str, object]
) -> None:
    script_everything(services)

    answer = api.post("/api/v1/autopay-rules", headers=bearer, json=_TERMS | fields)

    assert answer.status_code == 400
    assert services.scripted["payments"].requests("CreateAutopayRule") == []


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({}, "amount", "REQUIRED"),
        ({"amount_kind": "target"}, "amount", "REQUIRED"),
        ({"amount_kind": "debt", "amount": _MONEY}, "amount", "OUT_OF_PLACE"),
        ({"trigger": {"kind": "day_of_month"}}, "trigger.day", "REQUIRED"),
        ({"trigger": {"kind": "first_of_month", "day": 3}}, "trigger.day", "OUT_OF_PLACE"),
        ({"trigger": {"kind": "threshold"}}, "trigger.minimum_balance", "REQUIRED"),
        (
            {"trigger": {"kind": "first_of_month", "minimum_balance": _MONEY}},
            "trigger.minimum_balance",
            "OUT_OF_PLACE",
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_field_that_hangs_on_another_one_is_named(
    api: FlaskClient, bearer: dict[str, str], fields: dict[str, object], field: str, code: str, method: str
) -> None:
    address = "/api/v1/autopay-rules" if method == "POST" else "/api/v1/autopay-rules/aru_1"
    terms = {name: value for name, value in _TERMS.items() if method == "POST" or name != "billing_account_id"}

    answer = api.open(address, method=method, headers=bearer, json=terms | fields)

    assert json_of(answer)["code"] == "FIELD_INVALID"
    assert [(error["field"], error["code"]) for error in json_of(answer)["errors"]] == [(field, code)]


def test_tells_a_decision_with_all_its_reasons_in_words(
    api: FlaskClient, bearer: dict[str, str], services: Services
) -> None:
    script_everything(services)
    services.scripted["payments"].scripts["ListAutopayDecisions"] = lambda _: payments_pb2.ListAutopayDecisionsResponse(
        decisions=[held()]
    )

    answer = api.get("/api/v1/autopay-rules/aru_1/decisions", headers=bearer | {"Accept-Language": "en"})

    (told,) = json_of(answer)["items"]
    assert (told["state"], told["asks_subscriber"]) == ("held", True)
    assert [reason["code"] for reason in told["explanations"]] == ["DUE_BY_DATE", "TOO_MANY_AUTOMATIC_CHARGES"]
    assert "two automatic charges" in told["explanations"][1]["detail"]


def test_a_held_charge_is_confirmed_and_dismissed_on_the_rules_page(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    services.scripted["payments"].scripts["ListAutopayDecisions"] = lambda _: payments_pb2.ListAutopayDecisionsResponse(
        decisions=[held()]
    )
    page = "/autopay/aru_1"

    for charge in ("1", "0"):
        answer = subscriber.send(page, f"{page}/decisions/aru_1:2026-11/answer", charge=charge)
        assert answer.headers["Location"] == page

    asked = services.scripted["autopay"].requests("AnswerHeldCharge")
    assert [(one.decision_id, one.charge) for one in asked] == [("aru_1:2026-11", True), ("aru_1:2026-11", False)]


def test_a_pause_ends_with_the_day_in_the_accounts_zone(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    page = "/autopay/aru_1"

    subscriber.send(page, f"{page}/pause", until="2027-01-31")
    subscriber.send(page, f"{page}/resume")
    wrong = subscriber.send(page, f"{page}/pause", until="31.01.2027")

    (request,) = services.scripted["autopay"].requests("PauseAutopayRule")
    assert request.until.ToJsonString() == "2027-01-31T17:00:00Z"  # Novosibirsk
    assert len(services.scripted["autopay"].requests("ResumeAutopayRule")) == 1
    assert wrong.status_code == 400


def test_a_forecast_says_a_bound_where_the_sum_is_not_known_and_a_condition_for_a_threshold(
    api: FlaskClient, bearer: dict[str, str], subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    services.scripted["payments"].scripts["ForecastAutopayRule"] = lambda _: payments_pb2.ForecastAutopayRuleResponse(
        charges=[
            payments_pb2.ForecastCharge(charge_at=make.make_time(), local_date="2026-11-30", at_most=make.make_money())
        ],
        condition=payments_pb2.ForecastCondition(minimum_balance=make.make_money(10_000), at_most=make.make_money()),
    )

    told = json_of(api.get("/api/v1/autopay-rules/aru_1/forecast", headers=bearer))

    assert told["items"][0]["amount"] is None
    assert told["items"][0]["at_most"]["amount_minor"] == told["condition"]["at_most"]["amount_minor"]
    assert "не больше" in subscriber.get("/autopay/aru_1").text


def test_a_mailed_link_acts_only_by_a_click_and_without_login(browser: Browser, services: Services) -> None:
    script_everything(services)
    page = "/autopay-links/token-1"

    for _ in range(3):
        looked = browser.get(page)
    used_by_looking = services.scripted["autopay"].requests("UseAutopayLink")
    clicked = browser.send(page, page)

    assert looked.status_code == 200 and "Пропустить списание" in looked.text
    assert used_by_looking == []
    assert [request.token for request in services.scripted["autopay"].requests("UseAutopayLink")] == ["token-1"]
    assert "Это списание пропущено" in clicked.text


def test_a_link_that_is_late_says_so_and_offers_no_button(browser: Browser, services: Services) -> None:
    script_everything(services)
    services.scripted["autopay"].scripts["ReadAutopayLink"] = lambda _: autopay_pb2.ReadAutopayLinkResponse(
        action=autopay_pb2.AUTOPAY_LINK_ACTION_STOP
    )
    page = browser.get("/autopay-links/token-1")

    assert "уже ничего не сделать" in page.text
    assert 'action="/autopay-links/' not in page.text


def test_a_forged_link_is_refused_with_what_to_do_next(browser: Browser, services: Services) -> None:
    def refuse(_: object) -> None:
        raise Refused("AUTOPAY_LINK_INVALID", Kind.NOT_FOUND)

    services.scripted["autopay"].scripts["ReadAutopayLink"] = refuse

    answer = browser.get("/autopay-links/token-1")

    assert answer.status_code == 404
    assert "Ссылка не действует" in answer.text


def test_links_work_over_json_without_a_token(api: FlaskClient, services: Services) -> None:
    script_everything(services)

    read = api.get("/api/v1/autopay-links/token-1")
    used = api.post("/api/v1/autopay-links/token-1")

    assert json_of(read)["usable"] is True
    assert json_of(used) == {"action": "skip", "done": True}


def test_tells_of_an_old_autopay_that_is_still_active_and_what_to_do(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = make.make_account()
    account.old_autopay_active = True
    services.scripted["accounts"].scripts |= {
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
    }

    home, page = subscriber.get("/"), subscriber.get("/accounts/acc_1")

    assert "Подключите автоплатёж заново" in home.text
    for shown in (home, page):
        assert "/help/regions-cutover" in shown.text
    assert "зарегистрируйте карту здесь" in page.text
