"""What the gateway adds to payments: the idempotency key, the acquirer's hint, and no card number ever."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from kabinet.payments.v1 import payments_pb2

from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway.browser import json_of
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

CARD = "4111111111111111"


def make_body(**changes: Any) -> dict[str, Any]:
    body = {
        "billing_account_id": "acc_1",
        "amount": {"amount_minor": 45_000, "currency": "RUB"},
        "method": {"kind": "new_card", "save": True},
        "return_url": "https://localhost/payments/return/1",
    }
    return body | changes


def _pay(api: FlaskClient, bearer: dict[str, str], body: Any, key: str = "key-12345") -> Any:
    return api.post("/api/v1/payments", headers={**bearer, "Idempotency-Key": key} if key else bearer, json=body)


def test_hands_the_key_and_the_sum_on_as_they_came(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)

    answer = _pay(api, bearer, make_body())

    assert answer.status_code == 201
    assert json_of(answer)["confirmation_url"] == "https://acquirer.example/pay/1"
    assert json_of(answer)["commission"] == {"amount_minor": 0, "currency": "RUB"}
    (request,) = services.scripted["payments"].requests("CreatePayment")
    assert (request.request_id, request.amount.amount_minor) == ("key-12345", 45_000)
    assert (request.kind, request.save_payment_method) == (payments_pb2.PAYMENT_KIND_NEW_CARD, True)


def test_refuses_a_payment_without_a_key(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    answer = _pay(api, bearer, make_body(), key="")

    assert (answer.status_code, json_of(answer)["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    assert services.scripted["payments"].calls == []


@pytest.mark.parametrize("key", ["short", "x" * 101, "with space 12345"])
def test_refuses_a_key_that_is_none(api: FlaskClient, services: Services, bearer: dict[str, str], key: str) -> None:
    answer = _pay(api, bearer, make_body(), key=key)

    assert answer.status_code == 400
    assert json_of(answer)["errors"][0]["field"] == "Idempotency-Key"


def test_a_key_with_another_body_is_a_422(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    def reused(_request: object) -> None:
        raise Refused("REQUEST_ID_REUSED", Kind.ALREADY_EXISTS)

    services.scripted["payments"].scripts["CreatePayment"] = reused

    assert _pay(api, bearer, make_body()).status_code == 422


def test_a_first_request_that_is_still_running_is_a_409(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    running = make.make_payment(state=payments_pb2.PAYMENT_STATE_CREATED)
    services.scripted["payments"].scripts["CreatePayment"] = lambda _: payments_pb2.CreatePaymentResponse(
        payment=running
    )

    answer = _pay(api, bearer, make_body())

    assert (answer.status_code, json_of(answer)["code"]) == (409, "PAYMENT_IN_PROGRESS")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "amount",
    [
        {"amount_minor": 450.0, "currency": "RUB"},
        {"amount_minor": "45000", "currency": "RUB"},
        {"amount_minor": True, "currency": "RUB"},
        {"amount_minor": 2**63, "currency": "RUB"},
        {"amount_minor": 45_000, "currency": "rub"},
        {"amount_minor": 45_000},
        45_000,
    ],
)
def test_a_sum_is_whole_kopecks_with_a_currency(
    api: FlaskClient, services: Services, bearer: dict[str, str], amount: object
) -> None:
    answer = _pay(api, bearer, make_body(amount=amount))

    assert answer.status_code == 400
    assert json_of(answer)["errors"][0]["field"].startswith("amount")
    assert services.scripted["payments"].calls == []


@pytest.mark.parametrize(
    "body",
    [
        make_body(return_url=CARD),
        make_body(unknown={"deep": [{"pan": CARD}]}),
        make_body(method={"kind": "new_card", "payment_method_id": "4111 1111 1111 1111"}),
        make_body(method={"kind": "new_card", "payment_method_id": "4111-1111-1111-1111"}),
        {CARD: 1},
        f"my card is {CARD}.",
    ],
)
def test_a_card_number_anywhere_is_refused_and_goes_nowhere(
    api: FlaskClient,
    services: Services,
    bearer: dict[str, str],
    body: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = _pay(api, bearer, body)

    assert (answer.status_code, json_of(answer)["code"]) == (400, "CARD_NUMBER_NOT_ACCEPTED")
    assert services.scripted["payments"].calls == []
    written = answer.text + caplog.text + "".join(capsys.readouterr())
    assert CARD not in written.replace(" ", "").replace("-", "")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_card_number_is_found_in_every_kind_of_body(api: FlaskClient, content_type: str) -> None:
    answer = api.post("/api/v1/sessions", data=f"login={CARD}", content_type=content_type)

    assert json_of(answer)["code"] == "CARD_NUMBER_NOT_ACCEPTED"


def test_a_card_number_inside_a_string_of_json_goes_nowhere(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    inner = json.dumps(make_body(billing_account_id="CARD")).replace("CARD", f"\\u0034{CARD[1:]}")

    answer = _pay(api, bearer, inner)

    assert json.loads(inner)["billing_account_id"] == CARD
    assert (answer.status_code, json_of(answer)["code"]) == (400, "BODY_UNREADABLE")
    assert services.scripted["payments"].calls == []


@pytest.mark.parametrize(
    "value",
    [
        "pay_4111111111111111abcdefabcdefabcd",  # an id
        "4111111111111112",  # no check digit of a card
        "541000000017",  # an account's number
        "411111111111111111110",  # too long
        "4f0c4111-1111-4111-8111-411111111111",  # a UUID
    ],
)
def test_numbers_that_are_no_cards_pass(
    api: FlaskClient, services: Services, bearer: dict[str, str], value: str
) -> None:
    script_everything(services)

    assert _pay(api, bearer, make_body(billing_account_id=value)).status_code == 201


def test_a_notification_becomes_a_hint_of_two_words(api: FlaskClient, services: Services) -> None:
    body = {"event": "payment.succeeded", "object": {"id": "2d9f", "amount": {"value": "1.00"}, "pan": CARD}}

    answer = api.post("/api/v1/webhooks/yookassa", json=body)

    assert (answer.status_code, answer.data) == (200, b"")
    (hint,) = services.scripted["payments"].requests("NoteAcquirerNotification")
    assert (hint.acquirer_payment_id, hint.event) == ("2d9f", "payment.succeeded")


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Bearer a b", "Bearer nobodys.token"])
def test_a_notification_counts_whatever_it_is_authorized_by(api: FlaskClient, services: Services, header: str) -> None:
    body = {"event": "payment.succeeded", "object": {"id": "2d9f"}}

    answer = api.post("/api/v1/webhooks/yookassa", json=body, headers={"Authorization": header})

    assert (answer.status_code, answer.data) == (200, b"")
    assert len(services.scripted["payments"].requests("NoteAcquirerNotification")) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[" * 60_000, b"[]", b"null", b'{"object": 1}', b'{"object": {"id": 7}, "event": "e"}',
        b'{"object": {"id": {"$ne": ""}}, "event": "e"}', b'{"event": "e", "object": {"id": "' + b"x" * 101 + b'"}}',
    ],
)  # fmt: skip
def test_what_is_no_notification_is_answered_alike_and_goes_no_further(
    api: FlaskClient, services: Services, body: bytes
) -> None:
    answer = api.post("/api/v1/webhooks/yookassa", data=body, content_type="application/json")

    assert (answer.status_code, answer.data) == (200, b"")
    assert services.scripted["payments"].calls == []


def test_a_hint_that_payments_cannot_take_is_answered_alike(api: FlaskClient, services: Services) -> None:
    services.take_down("payments")
    try:
        answer = api.post("/api/v1/webhooks/yookassa", json={"event": "e", "object": {"id": "2d9f"}})
    finally:
        services.bring_back("payments")

    assert (answer.status_code, answer.data) == (200, b"")


def test_a_card_is_bound_under_its_key_and_leads_to_the_acquirers_page(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    body = {"return_url": "https://localhost/cards/return/1"}

    answer = api.post("/api/v1/payment-methods", headers={**bearer, "Idempotency-Key": "key-12345"}, json=body)
    without = api.post("/api/v1/payment-methods", headers=bearer, json=body)

    assert (answer.status_code, json_of(answer)["state"]) == (201, "pending")
    assert json_of(answer)["confirmation_url"] == "https://acquirer.example/bind/1"
    assert json_of(answer)["saved_at"] is None
    (request,) = services.scripted["payments"].requests("CreatePaymentMethod")
    assert (request.request_id, request.return_url) == ("key-12345", "https://localhost/cards/return/1")
    assert (without.status_code, json_of(without)["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")


def test_the_same_again_is_a_409_that_asks_and_a_confirmed_one_goes_on(
    api: FlaskClient, services: Services, bearer: dict[str, str]
) -> None:
    def asked(request: payments_pb2.CreatePaymentRequest) -> payments_pb2.CreatePaymentResponse:
        if not request.confirm_repeat:
            raise Refused("SIMILAR_PAYMENT", Kind.ALREADY_EXISTS, seconds_ago="42")
        return payments_pb2.CreatePaymentResponse(payment=make.make_payment())

    services.scripted["payments"].scripts["CreatePayment"] = asked

    answer = _pay(api, bearer, make_body())
    confirmed = _pay(api, bearer, make_body(confirm_repeat=True))

    assert (answer.status_code, json_of(answer)["code"]) == (409, "SIMILAR_PAYMENT")
    assert "42 " in json_of(answer)["detail"]
    assert confirmed.status_code == 201
