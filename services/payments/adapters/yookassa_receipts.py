"""Receipts by YooKassa's API, after the payment ("first the payment, then the receipt").

https://yookassa.ru/developers/payment-acceptance/receipts/54fz
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from yookassa.domain.request.receipt_request import ReceiptRequest

from services.chassis.clock import to_milliseconds
from services.chassis.money import Money
from services.payments.adapters.yookassa_amount import from_amount, to_amount
from services.payments.adapters.yookassa_client import NO_PAYMENT_ID, YookassaClient
from services.payments.adapters.yookassa_reading import read, text_of
from services.payments.domain.acquirer import Absent, Busy, Refused, Silence
from services.payments.domain.fiscal import (
    AcquirerReceipt,
    MovedMoney,
    ReceiptAnswer,
    ReceiptOrder,
    ReceiptStatus,
)


class YookassaFiscalRegister:
    """See FiscalRegister."""

    def __init__(self, client: YookassaClient, /) -> None:
        self._client = client

    def register(self, order: ReceiptOrder, /, *, timeout_s: float) -> ReceiptAnswer:
        """A receipt about nobody's money is refused here, as it would be there."""
        if not all(_about(order.money).values()):
            return Refused(NO_PAYMENT_ID)
        answer = self._client.call(
            "POST",
            "/receipts",
            timeout_s=timeout_s,
            body=ReceiptRequest(_body(order)),
            idempotence_key=order.idempotence_key,
        )
        return _receipt_answer(answer)

    def get_receipt(self, acquirer_receipt_id: str, /, *, timeout_s: float) -> ReceiptAnswer:
        """A refusal to show it says nothing about the receipt."""
        answer = self._client.call("GET", f"/receipts/{acquirer_receipt_id}", timeout_s=timeout_s)
        return Silence() if isinstance(answer, Refused) else _receipt_answer(answer)

    def find_receipt(self, money: MovedMoney, /, *, timeout_s: float) -> ReceiptAnswer:
        """A payment, and a refund, has one receipt and at most a few that were cancelled: one page holds them. An empty
        id would list everybody's."""
        if not all(_about(money).values()):
            return Absent()
        query = _about(money) | {"limit": "100"}
        page = self._client.call("GET", "/receipts", timeout_s=timeout_s, query=query)
        if not isinstance(page, dict):
            return Silence() if isinstance(page, Refused) else page
        kind = _kind(money)
        counting = (
            item for item in page.get("items", []) if item.get("type") == kind and item.get("status") != "canceled"
        )
        found = next(counting, None)
        return Absent() if found is None else _receipt_answer(found)


def _body(order: ReceiptOrder) -> dict[str, Any]:
    """One line over the whole sum: what the payer paid is what the receipt says (F16)."""
    amount, terms = to_amount(order.amount), order.terms
    line = {
        "description": terms.description,
        "quantity": "1",
        "amount": amount,
        "vat_code": terms.vat_code,
        "payment_subject": terms.payment_subject,
        "payment_mode": terms.payment_mode,
    }
    return {
        "type": _kind(order.money),
        **_about(order.money),
        "customer": {"email": order.email},
        "items": [line],
        "settlements": [{"type": "cashless", "amount": amount}],
        "tax_system_code": terms.tax_system_code,
        "send": True,
    }


def _kind(money: MovedMoney) -> str:
    return "refund" if money.acquirer_refund_id else "payment"


def _about(money: MovedMoney) -> dict[str, str]:
    if money.acquirer_refund_id:
        return {"refund_id": money.acquirer_refund_id}
    return {"payment_id": money.acquirer_payment_id}


def _receipt_answer(answer: dict[str, Any] | Refused | Busy | Silence) -> ReceiptAnswer:
    return read(answer, _to_receipt) if isinstance(answer, dict) else answer


def _to_receipt(document: Mapping[str, Any]) -> AcquirerReceipt:
    registered_at = document.get("registered_at")
    return AcquirerReceipt(
        acquirer_receipt_id=text_of(document["id"]),
        status=ReceiptStatus(document["status"]),
        amount=_total(document["settlements"]),
        registered_at=to_milliseconds(datetime.fromisoformat(registered_at).astimezone(UTC)) if registered_at else None,
    )


def _total(settlements: list[Mapping[str, Any]]) -> Money:
    first, *others = (from_amount(settlement["amount"]) for settlement in settlements)
    return sum(others, start=first)
