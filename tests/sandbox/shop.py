"""A shop's everyday calls with the official SDK, with defaults for whatever a test does not care about."""

import uuid
from typing import Any

from yookassa import Payment

from tests.sandbox.programs import Program

VISA, MASTERCARD_3DS = "4111111111111111", "5555555555554477"


def order(*, value: str = "450.00", **fields: Any) -> dict[str, Any]:
    """Return the body of a payment by a new card; a field set to None is left out."""
    body: dict[str, Any] = {
        "amount": {"value": value, "currency": "RUB"},
        "confirmation": {"type": "redirect", "return_url": "http://shop.test/back"},
        "description": "Услуги связи",
        "metadata": {"payment_id": f"pay_{uuid.uuid4().hex}"},
    } | fields
    return {name: given for name, given in body.items() if given is not None}


def pay(acquirer: Program, *, card: str = VISA, **fields: Any) -> Any:
    """Create a payment and have a scripted payer confirm it; return it as the SDK then sees it."""
    created = Payment.create(order(**fields), str(uuid.uuid4()))
    status, _ = acquirer.call("POST", f"/control/payments/{created.id}/confirm", {"card": card})
    assert status == 200
    return Payment.find_one(created.id)


def save_card(acquirer: Program, *, card: str = VISA) -> str:
    """Pay once by a card that is saved on the way; return the id to charge it by."""
    return str(pay(acquirer, card=card, capture=True, save_payment_method=True).payment_method.id)


def charge_saved(payment_method_id: str, *, key: str | None = None, **fields: Any) -> Any:
    """Charge a saved card without its owner."""
    body = order(confirmation=None, capture=True, payment_method_id=payment_method_id, **fields)
    return Payment.create(body, key or str(uuid.uuid4()))


def ledger_of(acquirer: Program, shop_payment_id: str) -> list[tuple[str, int]]:
    """Return the money movements of one payment of the shop."""
    _, ledger = acquirer.call("GET", f"/control/ledger?payment_id={shop_payment_id}")
    return [(entry["kind"], entry["amount_minor"]) for entry in ledger["entries"]]
