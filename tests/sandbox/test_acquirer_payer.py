"""The payer's pages, without JavaScript, as a browser uses them."""

import re
import uuid
from typing import Any

import pytest
import requests
from yookassa import Payment

from tests.sandbox.programs import Program
from tests.sandbox.shop import MASTERCARD_3DS, VISA, order
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("acquirer")

_FORM = {"number": VISA, "expiry_month": "12", "expiry_year": "99", "csc": "737"}


def _page_of(**fields: Any) -> tuple[str, str]:
    payment = Payment.create(order(**fields), str(uuid.uuid4()))
    return payment.id, payment.confirmation.confirmation_url


def test_a_payer_types_a_card_and_comes_back_to_the_shop() -> None:
    payment_id, url = _page_of()

    answer = requests.post(url, data=_FORM | {"number": "4111 1111 1111 1111"}, allow_redirects=False, timeout=30)

    assert (answer.status_code, answer.headers["Location"]) == (303, "http://shop.test/back")
    assert Payment.find_one(payment_id).status == "waiting_for_capture"


def test_every_input_has_a_label_and_no_script_runs() -> None:
    _, url = _page_of()

    answer = requests.get(url, timeout=30)

    inputs = set(re.findall(r'<input id="(\w+)"', answer.text))
    assert inputs == {"number", "expiry_month", "expiry_year", "csc"}
    assert inputs == set(re.findall(r'<label for="(\w+)"', answer.text))
    assert "450,00\N{NO-BREAK SPACE}₽" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "4111111111111112"}, "number"),
        ({"expiry_month": "13"}, "expiry_month"),
        ({"expiry_year": "20"}, "expiry_year"),
        ({"csc": "12"}, "csc"),
    ],
)
def test_a_typing_error_is_pointed_out_and_costs_nothing(change: dict[str, str], field: str) -> None:
    payment_id, url = _page_of()

    answer = requests.post(url, data=_FORM | change, allow_redirects=False, timeout=30)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert _FORM["number"] not in answer.text
    assert Payment.find_one(payment_id).status == "pending"


@pytest.mark.parametrize(("code", "status"), [("1234", "waiting_for_capture"), ("0000", "canceled")])
def test_three_d_secure_asks_for_a_code(code: str, status: str) -> None:
    payment_id, url = _page_of()

    asked = requests.post(url, data=_FORM | {"number": MASTERCARD_3DS}, timeout=30)
    answer = requests.post(asked.url, data={"code": code}, allow_redirects=False, timeout=30)

    assert asked.url == f"{url}/3ds"
    assert "Код из сообщения" in asked.text
    assert answer.headers["Location"] == "http://shop.test/back"
    assert Payment.find_one(payment_id).status == status


def test_a_second_press_of_the_button_pays_no_second_time(acquirer: Program) -> None:
    payment_id, url = _page_of(capture=True)
    requests.post(url, data=_FORM, allow_redirects=False, timeout=30)

    again = requests.post(url, data=_FORM, allow_redirects=False, timeout=30)

    charges = [
        entry for entry in acquirer.call("GET", "/control/ledger")[1]["entries"] if entry["payment_id"] == payment_id
    ]
    assert (again.status_code, len(charges)) == (303, 1)
    assert "Оплата прошла" in requests.get(url, timeout=30).text


def test_neither_number_nor_code_of_a_card_is_kept_or_logged(acquirer: Program) -> None:
    _, url = _page_of()
    requests.post(url, data=_FORM | {"csc": "9173"}, allow_redirects=False, timeout=30)
    requests.post(url, data=_FORM | {"number": MASTERCARD_3DS}, allow_redirects=False, timeout=30)
    database = acquirer.log_file.with_name("acquirer.sqlite3")
    files = [acquirer.log_file, database, database.with_name("acquirer.sqlite3-wal")]

    kept = b"".join(file.read_bytes() for file in files)

    assert b"card submitted" in kept
    for secret in (VISA, MASTERCARD_3DS, "9173"):
        # As a word of its own: its digits may stand by chance within an id, a time or a hash.
        assert not re.search(rb"(?<![0-9a-f.-])" + secret.encode() + rb"(?![0-9a-f])", kept)


def test_an_unknown_payment_has_a_page_that_says_so(acquirer: Program) -> None:
    answer = requests.get(f"{acquirer.base_url}/pay/23d93cac-000f-5000-8000-126628f15141", timeout=30)

    assert answer.status_code == 404
    assert "Платёж не найден" in answer.text


def test_the_shop_learns_of_a_page_payment_by_asking() -> None:
    payment_id, url = _page_of(capture=True)
    requests.post(url, data=_FORM, allow_redirects=False, timeout=30)

    assert eventually(lambda: Payment.find_one(payment_id).paid)
