"""Receipts after the payment, cancelled refunds and the registry of chargebacks, as a shop sees them."""

import uuid
from typing import Any

import pytest
import requests
from yookassa import Payment, Receipt, Refund
from yookassa.domain.exceptions import BadRequestError

from tests.sandbox.programs import Program
from tests.sandbox.shop import ledger_of, pay
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("acquirer")


def _body(*, value: str = "450.00", **fields: Any) -> dict[str, Any]:
    amount = {"value": value, "currency": "RUB"}
    line = {"description": "Услуги связи", "quantity": "1", "amount": amount, "vat_code": 12}
    return {
        "type": "payment",
        "customer": {"email": "payer@example.test"},
        "items": [line | {"payment_subject": "payment", "payment_mode": "advance"}],
        "settlements": [{"type": "cashless", "amount": amount}],
        "tax_system_code": 1,
        "send": True,
    } | fields


def _register(body: dict[str, Any], key: str | None = None) -> Any:
    return Receipt.create(body, key or str(uuid.uuid4()))


def _registered(receipt_id: str) -> Any:
    found = Receipt.find_one(receipt_id)
    assert found.status == "succeeded"
    return found


def test_a_receipt_is_taken_once_per_key_and_registered_a_little_later(acquirer: Program) -> None:
    payment, key = pay(acquirer, capture=True), str(uuid.uuid4())
    body = _body(payment_id=payment.id)

    taken, again = _register(body, key), _register(body, key)
    registered = eventually(lambda: _registered(taken.id))

    assert (taken.status, taken.id) == ("pending", again.id)
    assert registered.payment_id == payment.id and registered.registered_at
    assert [receipt.id for receipt in Receipt.list({"payment_id": payment.id}).items] == [taken.id]
    assert "payer@example.test" not in acquirer.log()


def test_a_refund_has_receipts_of_its_own(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)
    refund = Refund.create(
        {"payment_id": payment.id, "amount": {"value": "100.05", "currency": "RUB"}}, str(uuid.uuid4())
    )

    taken = _register(_body(type="refund", refund_id=refund.id, value="100.05"))

    assert (taken.type, taken.refund_id) == ("refund", refund.id)
    assert [receipt.id for receipt in Receipt.list({"refund_id": refund.id}).items] == [taken.id]


@pytest.mark.parametrize(
    "change",
    [
        {"value": "450.01"},
        {"settlements": [{"type": "cashless", "amount": {"value": "1.00", "currency": "RUB"}}]},
        {"type": "refund", "refund_id": None},
    ],
)
def test_refuses_a_receipt_that_is_not_over_the_money_that_moved(acquirer: Program, change: dict[str, Any]) -> None:
    payment = pay(acquirer, capture=True)

    with pytest.raises((BadRequestError, ValueError)):
        _register({name: value for name, value in _body(payment_id=payment.id, **change).items() if value})

    assert Receipt.list({"payment_id": payment.id}).items == []


def test_a_second_receipt_over_the_same_money_is_refused_unless_the_first_was_cancelled(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)
    shop_id = payment.metadata["payment_id"]
    acquirer.call("POST", "/control/faults", {"match": {"payment_id": shop_id}, "fault": "receipt_cancel"})

    first = _register(_body(payment_id=payment.id))
    eventually(lambda: Receipt.find_one(first.id).status == "canceled")
    _register(_body(payment_id=payment.id))

    with pytest.raises(BadRequestError):
        _register(_body(payment_id=payment.id))


def test_a_cancelled_refund_moves_nothing(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)
    shop_id = payment.metadata["payment_id"]
    acquirer.call("POST", "/control/faults", {"match": {"payment_id": shop_id}, "fault": "refund_cancel"})

    refund = Refund.create({"payment_id": payment.id, "amount": {"value": "450.00", "currency": "RUB"}})

    assert (refund.status, refund.cancellation_details.reason) == ("canceled", "general_decline")
    assert ledger_of(acquirer, shop_id) == [("charge", 45000)]
    assert Payment.find_one(payment.id).refundable


def test_the_registry_of_chargebacks_is_a_file_and_moves_no_money(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)

    _, disputed = acquirer.call("POST", "/control/chargebacks", {"payment_id": payment.id})
    registry = requests.get(f"{acquirer.base_url}/control/chargebacks.csv", timeout=30).text

    head, *lines = registry.splitlines()
    assert head == "chargeback_id,payment_id,amount,currency,reason,received_at"
    assert f"{disputed['chargeback_id']},{payment.id},450.00,RUB,not_recognised," in "".join(lines)
    assert ledger_of(acquirer, payment.metadata["payment_id"]) == [("charge", 45000)]
