"""The overview: everything at once, and what is left of it when parts are down or slow."""

from threading import Event

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import accounts_pb2
from kabinet.payments.v1 import payments_pb2

from gateway.actions import overview
from tests.gateway import examples as make
from tests.gateway.browser import Browser, json_of
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything

_SECTION_OF = {
    "identity": {"profile"},
    "accounts": {"billing_accounts"},
    "payments": {"payments", "renewals"},
    "documents": {"bills"},
}
_SUM = {"amount_minor": 45_000, "currency": "RUB"}
_SECTIONS = {"profile", "billing_accounts", "payments", "bills", "renewals"}


def test_shows_everything_with_the_age_of_each_figure(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    seen = json_of(api.get("/api/v1/overview", headers=bearer))

    assert {seen[section]["status"] for section in _SECTIONS} == {"ok"}
    assert seen["profile"]["value"]["display_name"] == "Анна"
    assert seen["billing_accounts"]["items"][0]["balance"] == {
        "value": {"amount_minor": 45_000, "currency": "RUB"},
        "kind": "balance",
        "as_of": "2026-11-20T12:00:00Z",
        "freshness": "fresh",
        "region": "54",
    }
    assert seen["payments"]["items"][0]["id"] == "pay_1"
    assert seen["bills"]["items"][0]["id"] == "bill_1"
    assert seen["renewals"]["items"][0]["autopay_rule_id"] == "aru_1"
    assert seen["notices"] == []


@pytest.mark.parametrize("down", _SECTION_OF)
def test_a_service_that_is_down_costs_its_own_sections_only(
    api: FlaskClient, services: Services, bearer: dict[str, str], down: str
) -> None:
    script_everything(services)
    services.take_down(down)
    try:
        answer = api.get("/api/v1/overview", headers=bearer)
    finally:
        services.bring_back(down)

    assert answer.status_code == 200
    missing = {section for section in _SECTIONS if json_of(answer)[section]["status"] == "unavailable"}
    assert missing == _SECTION_OF[down]
    assert all(json_of(answer)[section]["retry_after_s"] > 0 for section in missing)


def test_services_that_hang_are_waited_for_as_long_as_they_were_given(
    api: FlaskClient, services: Services, bearer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for cap in ("_QUICK_S", "_BEYOND_REFRESH_S"):
        monkeypatch.setattr(overview, cap, 2)
    script_everything(services)
    released = Event()

    def hang(_request: object) -> accounts_pb2.ListBillingAccountsResponse:
        released.wait(60)
        return accounts_pb2.ListBillingAccountsResponse()

    services.scripted["accounts"].scripts["ListBillingAccounts"] = hang
    services.scripted["payments"].scripts["ListPayments"] = hang

    seen = json_of(api.get("/api/v1/overview", headers=bearer))
    released.set()

    assert seen["profile"]["status"] == "ok"
    assert seen["billing_accounts"]["status"] == seen["payments"]["status"] == "unavailable"


def test_with_all_services_down_it_is_refused_instead_of_looking_empty(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    for name in _SECTION_OF:
        services.take_down(name)
    try:
        answer = api.get("/api/v1/overview", headers=bearer)
    finally:
        for name in _SECTION_OF:
            services.bring_back(name)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_an_invalid_token_is_refused_as_a_whole(api: FlaskClient, services: Services) -> None:
    script_everything(services)

    answer = api.get("/api/v1/overview", headers={"Authorization": f"Bearer {services.access_token(lives_s=-60)}"})

    assert (answer.status_code, json_of(answer)["code"]) == (401, "TOKEN_INVALID")


def test_makes_five_calls_whatever_the_number_of_accounts(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    linked = [make.make_account(account_id=f"acc_{number}") for number in range(12)]
    services.scripted["accounts"].scripts["ListBillingAccounts"] = lambda _: accounts_pb2.ListBillingAccountsResponse(
        billing_accounts=linked
    )

    json_of(api.get("/api/v1/overview", headers=bearer))

    made = sorted(method for service in services.scripted.values() for method, _ in service.calls)
    assert made == ["GetProfile", "ListAutopayRules", "ListBillingAccounts", "ListCustomerBills", "ListPayments"]
    (asked,) = services.scripted["documents"].requests("ListCustomerBills")
    assert asked.billing_account_id == ""


def test_points_at_what_waits_for_the_subscriber(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)
    waiting = make.make_payment(state=payments_pb2.PAYMENT_STATE_AWAITING_CONFIRMATION)
    silent = make.make_account(available=False)
    passed_on = make.make_account(account_id="acc_2", label="Дача")
    passed_on.standing = accounts_pb2.ACCOUNT_STANDING_OWNER_CHANGED
    stopped = make.make_rule(stop_reason="CARD_REMOVED")
    services.scripted["payments"].scripts["ListPayments"] = lambda _: payments_pb2.ListPaymentsResponse(
        payments=[waiting]
    )
    services.scripted["payments"].scripts["ListAutopayRules"] = lambda _: payments_pb2.ListAutopayRulesResponse(
        autopay_rules=[stopped]
    )
    services.scripted["accounts"].scripts["ListBillingAccounts"] = lambda _: accounts_pb2.ListBillingAccountsResponse(
        billing_accounts=[silent, passed_on]
    )

    notices = json_of(api.get("/api/v1/overview", headers={**bearer, "Accept-Language": "en"}))["notices"]

    assert [notice["code"] for notice in notices] == [
        "PAYMENT_NOT_CONFIRMED",
        "OWNER_CHANGED",
        "AUTOPAY_STOPPED",
        "REGION_NOT_ANSWERING",
    ]
    assert '"Дом"' in notices[0]["detail"]
    assert '"Дача"' in notices[1]["detail"]


@pytest.mark.parametrize(
    ("kind", "word", "amount", "target", "told"),
    [
        (payments_pb2.AUTOPAY_AMOUNT_KIND_FIXED, "fixed", _SUM, None, "450,00\u00a0₽"),
        (payments_pb2.AUTOPAY_AMOUNT_KIND_TARGET, "target", None, _SUM, "до 450,00\u00a0₽ на балансе"),
        (payments_pb2.AUTOPAY_AMOUNT_KIND_DEBT, "debt", None, None, "весь долг"),
    ],
)
def test_says_of_each_renewal_how_its_sum_comes_about(
    api: FlaskClient,
    subscriber: Browser,
    services: Services,
    bearer: dict[str, str],
    kind: "payments_pb2.AutopayAmountKind.ValueType",
    word: str,
    amount: dict[str, object] | None,
    target: dict[str, object] | None,
    told: str,
) -> None:
    script_everything(services)
    rule = make.make_rule()
    rule.amount_kind = kind
    if word == "debt":
        rule.ClearField("amount")
    services.scripted["payments"].scripts["ListAutopayRules"] = lambda _: payments_pb2.ListAutopayRulesResponse(
        autopay_rules=[rule]
    )

    (renewal,) = json_of(api.get("/api/v1/overview", headers=bearer))["renewals"]["items"]
    html = subscriber.get("/").text

    assert (renewal["amount_kind"], renewal["amount"], renewal["target"]) == (word, amount, target)
    assert f'<a class="row-main" href="/autopay/aru_1">{told}</a>' in html


def test_a_rule_that_was_replaced_is_no_news(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)
    rules = [make.make_rule(), make.make_rule(stop_reason="CARD_REMOVED")]
    services.scripted["payments"].scripts["ListAutopayRules"] = lambda _: payments_pb2.ListAutopayRulesResponse(
        autopay_rules=rules
    )

    assert json_of(api.get("/api/v1/overview", headers=bearer))["notices"] == []
