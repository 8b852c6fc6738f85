"""Grants over JSON and on pages: what goes on to accounts, what comes back, and no dead end on either side."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import accounts_pb2, grants_pb2

from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from tests.gateway.browser import Browser, hidden_fields, json_of
from tests.gateway.grants_examples import make_given_grant, make_granted_account
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_GRANTS = "/api/v1/billing-accounts/acc_1/grants"
_PAGE = "/accounts/acc_1/grants"
_BODY: dict[str, Any] = {
    "actions": ["view", "pay"],
    "monthly_pay_limit": {"amount_minor": 100_000, "currency": "RUB"},
    "ends_on": "2026-12-31",
    "label": "сын",
}


def _have(services: Services, grant: grants_pb2.GivenGrant) -> None:
    services.scripted["grants"].scripts["ListGrants"] = lambda _: grants_pb2.ListGrantsResponse(grants=[grant])


def _show(services: Services, account: accounts_pb2.BillingAccount) -> None:
    services.scripted["accounts"].scripts |= {
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
    }


def _refuse(services: Services, service: str, method: str, reason: str, kind: Kind) -> None:
    def script(_request: object) -> None:
        raise Refused(reason, kind)

    services.scripted[service].scripts[method] = script


def test_no_code_is_made_that_could_not_be_shown(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    made = services.scripted["grants"].scripts["CreateGrant"]

    def create(request: grants_pb2.CreateGrantRequest) -> grants_pb2.CreateGrantResponse:
        _refuse(services, "accounts", "GetBillingAccount", "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)
        answer: grants_pb2.CreateGrantResponse = made(request)
        return answer

    services.scripted["grants"].scripts["CreateGrant"] = create

    answer = subscriber.send(_PAGE, _PAGE, action_view="1")

    assert answer.status_code == 200
    assert "7KQ2M-X40TB" in answer.text


def test_an_offer_goes_on_as_it_came_and_its_code_comes_back(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = api.post(_GRANTS, headers={**bearer, "Idempotency-Key": "grant-for-the-son"}, json=_BODY)

    assert answer.status_code == 201
    offered = json_of(answer)
    assert (offered["code"], offered["state"]) == ("7KQ2M-X40TB", "offered")
    assert (offered["actions"], offered["ends_on"]) == (["view", "pay"], "2026-12-31")
    assert (offered["accepted_at"], offered["ended_at"], offered["ended_by"]) == (None, None, None)
    (request,) = services.scripted["grants"].requests("CreateGrant")
    assert (request.request_id, request.billing_account_id, request.label) == ("grant-for-the-son", "acc_1", "сын")
    assert list(request.actions) == [accounts_pb2.ACTION_VIEW, accounts_pb2.ACTION_PAY]
    assert (request.monthly_pay_limit.amount_minor, request.ends_on) == (100_000, "2026-12-31")


def test_an_offer_without_limit_and_end_has_neither(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    api.post(_GRANTS, headers=bearer, json={"actions": ["view"]})

    (request,) = services.scripted["grants"].requests("CreateGrant")
    assert (request.HasField("monthly_pay_limit"), request.ends_on, bool(request.request_id)) == (False, "", True)


@pytest.mark.parametrize(
    "wrong", [{"actions": ["everything"]}, {"ends_on": "31.12.2026"}, {"monthly_pay_limit": 1000}, {"to": "son"}]
)
def test_a_body_of_another_form_is_refused(
    api: FlaskClient, services: Services, bearer: dict[str, str], wrong: dict[str, Any]
) -> None:
    answer = api.post(_GRANTS, headers=bearer, json=_BODY | wrong)

    assert (answer.status_code, json_of(answer)["code"]) == (400, "FIELD_INVALID")
    assert services.scripted["grants"].calls == []


def test_an_end_says_by_whom_and_when(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)

    ended = json_of(api.delete(f"{_GRANTS}/grt_1", headers=bearer))

    assert (ended["state"], ended["ended_by"], ended["ended_at"]) == ("ended", "owner", "2026-11-20T14:00:00Z")
    (request,) = services.scripted["grants"].requests("EndGrant")
    assert (request.billing_account_id, request.grant_id) == ("acc_1", "grt_1")


def test_a_relatives_account_says_what_it_stands_on(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    _show(services, make_granted_account())

    account = json_of(api.get("/api/v1/billing-accounts/acc_1", headers=bearer))

    assert account["grant"]["actions"] == ["view", "pay"]
    assert account["grant"]["monthly_pay_limit"]["amount_minor"] == 100_000
    assert (account["grant"]["ends_on"], account["grant"]["frozen"]) == ("2026-12-31", False)


def test_an_account_by_proof_stands_on_no_grant(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)

    assert json_of(api.get("/api/v1/billing-accounts/acc_1", headers=bearer))["grant"] is None


@pytest.mark.parametrize(("days", "noticed"), [(0, True), (7, True), (8, False)])
def test_the_overview_points_at_a_grant_that_ends_within_a_week(
    api: FlaskClient, services: Services, bearer: dict[str, str], days: int, noticed: bool
) -> None:
    script_everything(services)
    today_there = (SystemClock().now() + timedelta(hours=7)).date()  # Novosibirsk
    _show(services, make_granted_account(ends_on=(today_there + timedelta(days=days)).isoformat()))

    notices = json_of(api.get("/api/v1/overview", headers=bearer))["notices"]

    assert [notice["code"] for notice in notices] == ["GRANT_ENDS_SOON"] * noticed


def test_the_overview_points_at_a_frozen_grant(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)
    _show(services, make_granted_account(ends_on="", frozen=True))

    (notice,) = json_of(api.get("/api/v1/overview", headers=bearer))["notices"]

    assert (notice["code"], notice["billing_account_id"]) == ("GRANT_FROZEN", "acc_1")


def test_an_owner_offers_by_a_form_and_sees_the_code_with_what_to_do(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(
        _PAGE, _PAGE, label="сын", action_view="1", action_pay="1", monthly_pay_limit="1 000,50", ends_on="2026-12-31"
    )

    assert answer.status_code == 200
    for said in ("7KQ2M-X40TB", "один раз", "Присоединить счёт", "сотрудники оператора"):
        assert said.lower() in answer.text.lower(), said
    (request,) = services.scripted["grants"].requests("CreateGrant")
    assert list(request.actions) == [accounts_pb2.ACTION_VIEW, accounts_pb2.ACTION_PAY]
    assert (request.monthly_pay_limit.amount_minor, request.ends_on) == (100_050, "2026-12-31")


def test_a_reloaded_answer_is_the_same_request_and_says_that_the_code_was_shown(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    form = hidden_fields(subscriber.get(_PAGE).text)
    services.scripted["grants"].scripts["CreateGrant"] = lambda _: grants_pb2.CreateGrantResponse(
        grant=make_given_grant()
    )

    answer = subscriber.send(_PAGE, _PAGE, action_view="1", request_id=form["request_id"])

    assert "уже был показан" in answer.text
    assert services.scripted["grants"].requests("CreateGrant")[0].request_id == form["request_id"]


def test_a_refused_offer_comes_back_with_what_was_ticked(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _refuse(services, "grants", "CreateGrant", "GRANT_OFFERS_TOO_MANY", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(_PAGE, _PAGE, label="дочь", action_pay="1")

    assert answer.status_code == 409
    assert "Слишком много кодов ждут" in answer.text
    assert 'value="дочь"' in answer.text
    assert 'name="action_pay" value="1" checked' in answer.text


@pytest.mark.parametrize(
    ("state", "grant_end", "said"),
    [
        (grants_pb2.GRANT_STATE_OFFERED, grants_pb2.GRANT_END_UNSPECIFIED, ("Ждёт кода", "Отозвать")),
        (grants_pb2.GRANT_STATE_ACTIVE, grants_pb2.GRANT_END_UNSPECIFIED, ("Действует", "Принято", "Прекратить")),
        (grants_pb2.GRANT_STATE_FROZEN, grants_pb2.GRANT_END_UNSPECIFIED, ("Приостановлено", "проверяется")),
        (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_OWNER, ("Прекращено", "Вы прекратили")),
        (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_RELATIVE, ("Родственник отказался",)),
        (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_DATE, ("Срок вышел",)),
        (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_NOT_ACCEPTED, ("Код никто не ввёл",)),
    ],
)
def test_the_list_says_what_each_grant_is_worth(
    subscriber: Browser, services: Services, state: Any, grant_end: Any, said: tuple[str, ...]
) -> None:
    script_everything(services)
    _have(services, make_given_grant(state, grant_end=grant_end))

    html = subscriber.get(_PAGE).text

    for words in (*said, "сын", "видеть баланс", "31\u00a0декабря"):
        assert words in html, words
    assert (f'action="{_PAGE}/grt_1/end"' in html) == (state != grants_pb2.GRANT_STATE_ENDED)


def test_an_owner_ends_a_grant_by_one_button(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(_PAGE, f"{_PAGE}/grt_1/end")

    assert (answer.status_code, answer.headers["Location"]) == (303, _PAGE)
    assert services.scripted["grants"].requests("EndGrant")[0].grant_id == "grt_1"


def test_an_accounts_page_leads_an_owner_to_the_grants(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    assert f'href="{_PAGE}"' in subscriber.get("/accounts/acc_1").text


def test_a_relative_sees_what_is_allowed_until_when_and_how_to_give_it_up(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    _show(services, make_granted_account())

    html = subscriber.get("/accounts/acc_1").text

    for said in ("Что разрешил владелец", "видеть баланс", "1\u202f000,00\u00a0₽", "31\u00a0декабря включительно"):
        assert said in html, said
    assert 'href="/accounts/acc_1/unlink"' in html
    assert f'href="{_PAGE}"' not in html


def test_a_frozen_grant_says_so_and_shows_nothing(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _show(services, make_granted_account(frozen=True))

    for page in ("/accounts/acc_1", "/"):
        html = subscriber.get(page).text
        assert "проверяется" in html
        assert "/accounts/new?region=54" not in html  # a stronger proof is no way out of a grant


def test_a_relative_links_by_the_code_in_one_form(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    page = "/accounts/by-code"
    assert f'href="{page}"' in subscriber.get("/accounts/new").text

    answer = subscriber.send(
        page, page, region="54", number=" 541000000017 ", proof_value=" 7kq2m-x40tb ", label="Мама"
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts/acc_1")
    (request,) = services.scripted["accounts"].requests("LinkBillingAccount")
    assert (request.proof.kind, request.proof.value) == ("grant_code", "7kq2m-x40tb")
    assert (request.relation, request.number) == (accounts_pb2.RELATION_RELATIVE, "541000000017")


def test_a_spent_code_is_not_shown_again_and_says_what_to_do(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    _refuse(services, "accounts", "LinkBillingAccount", "GRANT_CODE_SPENT", Kind.FAILED_PRECONDITION)

    answer = subscriber.send(
        "/accounts/by-code", "/accounts/by-code", region="54", number="541000000017", proof_value="7KQ2M-X40TB"
    )

    assert answer.status_code == 409
    assert "Попросите владельца" in answer.text
    assert "7KQ2M-X40TB</" not in answer.text and 'value="7KQ2M-X40TB"' not in answer.text
    assert '<option value="54" selected' in answer.text


def test_the_other_proofs_do_not_offer_a_code_of_the_owner(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    html = subscriber.get("/accounts/new?region=54").text

    assert 'value="bill_code"' in html
    assert 'value="grant_code"' not in html
