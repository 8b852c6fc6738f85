"""SBP and WebMoney at the acquirer: other pages, one stage, nothing kept."""

import uuid
from typing import Any

import pytest
import requests
from yookassa import Payment
from yookassa.domain.exceptions import BadRequestError

from tests.sandbox.programs import Program
from tests.sandbox.shop import ledger_of, order

pytestmark = pytest.mark.usefixtures("acquirer")


def _by_sbp(**fields: Any) -> dict[str, Any]:
    return order(payment_method_data={"type": "sbp"}, capture=True, **fields)


@pytest.mark.parametrize(("answer", "status"), [("pay", "succeeded"), ("refuse", "canceled")])
def test_a_payer_answers_and_comes_back_to_the_shop(acquirer: Program, answer: str, status: str) -> None:
    created = Payment.create(_by_sbp(), str(uuid.uuid4()))
    url = created.confirmation.confirmation_url

    page = requests.get(url, timeout=30)
    back = requests.post(f"{url}/answer", data={"answer": answer}, allow_redirects=False, timeout=30)
    again = requests.post(f"{url}/answer", data={"answer": "pay"}, allow_redirects=False, timeout=30)

    found = Payment.find_one(created.id)
    assert "450,00\N{NO-BREAK SPACE}₽" in page.text
    assert back.headers["Location"] == again.headers["Location"] == "http://shop.test/back"
    assert (found.status, found.payment_method.type, found.payment_method.saved) == (status, "sbp", False)
    assert ledger_of(acquirer, found.metadata["payment_id"]) == [("charge", 45000)] * (status == "succeeded")


def test_a_shop_may_draw_the_code_itself() -> None:
    created = Payment.create(_by_sbp(confirmation={"type": "qr"}), str(uuid.uuid4()))

    assert created.confirmation.confirmation_data.endswith(f"/pay/{created.id}")


def test_a_card_pays_no_payment_of_another_method(acquirer: Program) -> None:
    created = Payment.create(_by_sbp(), str(uuid.uuid4()))

    acquirer.call("POST", f"/control/payments/{created.id}/confirm", {"card": "4111111111111111"})

    assert Payment.find_one(created.id).status == "pending"


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"capture": False}, "capture"),
        ({"save_payment_method": True}, "save_payment_method"),
        ({"amount": {"value": "700000.01", "currency": "RUB"}}, "amount.value"),
        ({"confirmation": {"type": "redirect"}}, "confirmation"),
    ],
)
def test_refuses_what_the_method_cannot_do(change: dict[str, Any], parameter: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        Payment.create(_by_sbp() | change, str(uuid.uuid4()))

    assert caught.value.content["parameter"] == parameter


def test_no_code_confirms_a_card() -> None:
    with pytest.raises(BadRequestError):
        Payment.create(order(confirmation={"type": "qr"}), str(uuid.uuid4()))


def test_webmoney_has_a_page_of_its_own(acquirer: Program) -> None:
    body = order(payment_method_data={"type": "webmoney"}, capture=True)
    answer = requests.post(
        f"{acquirer.base_url}/v3/payments",
        json=body,
        headers={"Idempotence-Key": str(uuid.uuid4())},
        auth=("100500", "test_secret_key_of_the_shop"),
        timeout=30,
    )
    created = answer.json()

    page = requests.get(created["confirmation"]["confirmation_url"], timeout=30)
    acquirer.call("POST", f"/control/payments/{created['id']}/confirm", {"outcome": "success"})

    assert "WebMoney" in page.text
    assert Payment.find_one(created["id"]).status == "succeeded"
    assert ledger_of(acquirer, body["metadata"]["payment_id"]) == [("charge", 45000)]
