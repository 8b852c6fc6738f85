"""Cards bound on a sum of zero, as the official SDK and a payer see it."""

import uuid
from typing import Any

import pytest
import requests
from yookassa import PaymentMethod
from yookassa.domain.exceptions import BadRequestError, NotFoundError

from tests.sandbox.programs import Program
from tests.sandbox.shop import MASTERCARD_3DS, VISA, charge_saved, ledger_of
from tests.sandbox.webhook_receiver import WebhookReceiver
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("acquirer")

_FORM = {"number": VISA, "expiry_month": "12", "expiry_year": "99", "csc": "737"}
_DECLINED = "4562265587712390"


def _open(key: str | None = None, **fields: Any) -> Any:
    body = {
        "type": "bank_card",
        "confirmation": {"type": "redirect", "return_url": "http://shop.test/cards"},
        "metadata": {"payment_method_id": "pm_1"},
    }
    return PaymentMethod.create(body | fields, key or str(uuid.uuid4()))


def test_a_bound_card_costs_nothing_and_is_charged_later(acquirer: Program, webhooks: WebhookReceiver) -> None:
    opened = _open()

    back = requests.post(opened.confirmation.confirmation_url, data=_FORM, allow_redirects=False, timeout=30)
    bound = PaymentMethod.find_one(opened.id)
    charged = charge_saved(opened.id)

    assert (opened.status, opened.saved) == ("pending", False)
    assert back.headers["Location"] == "http://shop.test/cards"
    assert (bound.status, bound.saved, bound.metadata) == ("active", True, {"payment_method_id": "pm_1"})
    assert charged.status == "succeeded"
    assert ledger_of(acquirer, charged.metadata["payment_id"]) == [("charge", 45000)]
    assert ledger_of(acquirer, "pm_1") == []
    assert eventually(lambda: webhooks.events_of(opened.id) == ["payment_method.active"])


@pytest.mark.parametrize(("code", "status"), [("1234", "active"), ("0000", "inactive")])
def test_three_d_secure_asks_for_a_code(code: str, status: str) -> None:
    opened = _open()

    asked = requests.post(opened.confirmation.confirmation_url, data=_FORM | {"number": MASTERCARD_3DS}, timeout=30)
    requests.post(asked.url, data={"code": code}, allow_redirects=False, timeout=30)

    assert "Код из сообщения" in asked.text
    assert PaymentMethod.find_one(opened.id).status == status


def test_a_refused_card_is_not_kept_and_a_typing_error_may_be_corrected() -> None:
    opened = _open()
    url = opened.confirmation.confirmation_url

    wrong = requests.post(url, data=_FORM | {"number": "4111111111111112"}, timeout=30)
    requests.post(url, data=_FORM | {"number": _DECLINED}, allow_redirects=False, timeout=30)

    assert (wrong.status_code, 'id="number-error"' in wrong.text) == (422, True)
    assert PaymentMethod.find_one(opened.id).status == "inactive"
    with pytest.raises(BadRequestError):
        charge_saved(opened.id)


def test_one_key_is_one_binding() -> None:
    key = str(uuid.uuid4())

    assert _open(key).id == _open(key).id
    with pytest.raises(BadRequestError):
        _open(key, metadata={"payment_method_id": "pm_2"})


def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        PaymentMethod.find_one("2f0c1b5e-000f-5000-8000-000000000000")
