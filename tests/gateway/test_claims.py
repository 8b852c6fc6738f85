"""Codes to the contact of an account, and disputed accounts, as the API and the pages have them."""

import pytest
from flask.testing import FlaskClient
from kabinet.accounts.v1 import accounts_pb2

from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway.browser import Browser, json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything


def _dispute(services: Services, relation: "accounts_pb2.Relation.ValueType" = accounts_pb2.RELATION_OWN) -> None:
    script_everything(services)
    account = make.make_account(standing=accounts_pb2.ACCOUNT_STANDING_DISPUTED)
    account.relation = relation
    del account.allowed_actions[:]
    account.allowed_actions.extend([accounts_pb2.ACTION_VIEW, accounts_pb2.ACTION_DOCUMENTS])
    services.scripted["accounts"].scripts |= {
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
    }


def test_a_code_is_asked_for_and_nothing_is_said_but_until_when(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = api.post("/api/v1/ownership-codes", json={"region": "54", "number": "5400200001"}, headers=bearer)

    assert (answer.status_code, json_of(answer)) == (202, {"expires_at": "2026-11-20T12:00:00Z"})
    (request,) = services.scripted["accounts"].requests("SendOwnershipCode")
    assert (request.region, request.number, request.client_address) == ("54", "5400200001", "127.0.0.1")


def test_too_many_codes_say_when_the_next_one_may_come(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    def refuse(_request: object) -> None:
        raise Refused("TOO_MANY_ATTEMPTS", Kind.RESOURCE_EXHAUSTED, retry_after_s="1200")

    services.scripted["accounts"].scripts["SendOwnershipCode"] = refuse

    answer = api.post("/api/v1/ownership-codes", json={"region": "54", "number": "5400200001"}, headers=bearer)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1200")


def test_linking_tells_the_address_that_the_gateway_saw_and_no_header_of_the_client(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    body = {"region": "54", "number": "5400200001", "proof": {"kind": "contact_code", "value": "1234567"}}

    api.post("/api/v1/billing-accounts", json=body, headers={**bearer, "X-Forwarded-For": "203.0.113.9"})

    (request,) = services.scripted["accounts"].requests("LinkBillingAccount")
    assert request.client_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("body", "called"),
    [
        ({"relation": "relative"}, ["ChangeRelation"]),
        ({"label": "Дача"}, ["UpdateBillingAccount"]),
        ({"relation": "relative", "label": "Дача"}, ["ChangeRelation", "UpdateBillingAccount"]),
        ({}, ["GetBillingAccount"]),
    ],
)
def test_what_is_left_out_of_a_change_stays(
    api: FlaskClient, services: Services, bearer: dict[str, str], body: dict[str, str], called: list[str]
) -> None:
    script_everything(services)

    answer = api.patch("/api/v1/billing-accounts/acc_1", json=body, headers=bearer)

    assert answer.status_code == 200
    assert [name for name, _ in services.scripted["accounts"].calls] == called


def test_a_dispute_is_shown_by_the_account_and_noticed_in_the_overview(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    _dispute(services)

    seen = json_of(api.get("/api/v1/overview", headers=bearer))

    (account,) = seen["billing_accounts"]["items"]
    assert (account["standing"], account["allowed_actions"]) == ("disputed", ["view", "documents"])
    (notice,) = seen["notices"]
    assert (notice["code"], notice["billing_account_id"]) == ("ACCOUNT_DISPUTED", "acc_1")
    assert notice["help_url"].endswith("/help/disputed-account")


def test_a_refused_payment_says_what_to_do(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    def refuse(_request: object) -> None:
        raise Refused("ACCOUNT_DISPUTED", Kind.FAILED_PRECONDITION)

    services.scripted["payments"].scripts["CreatePayment"] = refuse
    body = {
        "billing_account_id": "acc_1",
        "amount": {"amount_minor": 100, "currency": "RUB"},
        "method": {"kind": "new_card"},
        "return_url": "https://localhost/payments",
    }

    answer = api.post("/api/v1/payments", json=body, headers={**bearer, "Idempotency-Key": "a-key-of-the-client"})

    assert (answer.status_code, json_of(answer)["code"]) == (409, "ACCOUNT_DISPUTED")
    assert "кодом, который регион пришлёт" in json_of(answer)["next_step"]


def test_a_code_is_asked_for_on_a_page_and_typed_on_the_next(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    assert 'href="/accounts/new/code?region=54"' in subscriber.get("/accounts/new?region=54").text

    sent = subscriber.send("/accounts/new/code?region=54", "/accounts/new/code", number="541000000017")
    linked = subscriber.send(
        "/accounts/new/code?region=54", "/accounts/new", number="541000000017", proof_kind="contact_code",
        proof_value=" 1234567 ", relation="own",
    )  # fmt: skip

    assert sent.status_code == 200
    assert "код уже отправлен" in sent.text
    assert 'value="541000000017"' in sent.text
    assert 'autocomplete="one-time-code"' in sent.text
    assert services.scripted["accounts"].requests("SendOwnershipCode")[0].number == "541000000017"
    assert linked.headers["Location"] == "/accounts/acc_1"
    (request,) = services.scripted["accounts"].requests("LinkBillingAccount")
    assert (request.proof.kind, request.proof.value) == ("contact_code", "1234567")


def test_a_wrong_code_comes_back_with_the_form_and_without_the_code(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    def refuse(_request: object) -> None:
        raise Refused("OWNERSHIP_NOT_PROVED", Kind.FAILED_PRECONDITION)

    services.scripted["accounts"].scripts["LinkBillingAccount"] = refuse

    answer = subscriber.send(
        "/accounts/new/code?region=54", "/accounts/new", number="541000000017", proof_kind="contact_code",
        proof_value="7654321", relation="own",
    )  # fmt: skip

    assert answer.status_code == 409
    assert "Не удалось подтвердить лицевой счёт" in answer.text
    assert 'value="541000000017"' in answer.text
    assert "7654321" not in answer.text


def test_a_disputed_account_leads_to_the_ways_out(subscriber: Browser, services: Services) -> None:
    _dispute(services)

    page = subscriber.get("/accounts/acc_1").text
    ways = subscriber.get("/accounts/acc_1/claim").text

    assert 'href="/accounts/acc_1/claim"' in page
    assert 'href="/accounts/acc_1/pay"' not in page
    for way in ("/accounts/acc_1/claim/code", "/accounts/acc_1/relation", "/accounts/acc_1/unlink"):
        assert way in ways


def test_a_dispute_that_is_settled_leads_back_to_the_account(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.get("/accounts/acc_1/claim")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts/acc_1")


def test_the_page_to_pay_says_before_the_button_that_a_disputed_account_cannot_be_paid(
    subscriber: Browser, services: Services
) -> None:
    _dispute(services)

    page = subscriber.get("/accounts/acc_1/pay").text

    assert 'href="/accounts/acc_1/claim"' in page
    assert 'name="amount"' not in page


def test_a_relative_s_disputed_account_says_that_its_owner_settles_it(subscriber: Browser, services: Services) -> None:
    _dispute(services, relation=accounts_pb2.RELATION_RELATIVE)

    page = subscriber.get("/accounts/acc_1").text

    assert "претендуют несколько абонентов" in page
    assert 'href="/help/disputed-account"' in page
    assert 'href="/accounts/acc_1/claim"' not in page


def test_each_way_out_of_a_dispute_is_one_form(subscriber: Browser, services: Services) -> None:
    _dispute(services)
    claim = "/accounts/acc_1/claim"

    sent = subscriber.send(claim, f"{claim}/code")
    confirmed = subscriber.send(claim, claim, proof_value="1234567")
    left = subscriber.send(claim, "/accounts/acc_1/relation")

    assert "код уже отправлен" in sent.text
    assert [answer.headers["Location"] for answer in (confirmed, left)] == ["/accounts/acc_1"] * 2
    accounts = services.scripted["accounts"]
    assert accounts.requests("SendOwnershipCode")[0].number == "541000000017"
    (linked,) = accounts.requests("LinkBillingAccount")
    assert (linked.region, linked.number, linked.proof.kind) == ("54", "541000000017", "contact_code")
    (changed,) = accounts.requests("ChangeRelation")
    assert changed.relation == accounts_pb2.RELATION_RELATIVE
