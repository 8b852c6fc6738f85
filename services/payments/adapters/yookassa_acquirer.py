"""YooKassa as our acquirer: orders and answers between our terms and its API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from yookassa.domain.request import PaymentRequest
from yookassa.domain.request.refund_request import RefundRequest

from services.chassis.events import to_rfc3339
from services.chassis.money import Money
from services.payments.adapters.yookassa_amount import from_amount, to_amount
from services.payments.adapters.yookassa_card import saved_card_of
from services.payments.adapters.yookassa_client import NO_PAYMENT_ID, YookassaClient, word_of
from services.payments.adapters.yookassa_reading import moment_of, our_id, read, text_of
from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    AcquirerRefund,
    Busy,
    ChargeOrder,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    Silence,
    Status,
)
from services.payments.domain.payment import PaymentKind

_DESCRIPTION = "Оплата услуг связи"
_PAGE = "100"
_PAGES_AT_MOST = 50
_METHOD_TYPES = {PaymentKind.NEW_CARD: "bank_card", PaymentKind.SBP: "sbp", PaymentKind.WEBMONEY: "webmoney"}
_STATUSES = {
    "pending": Status.PENDING,
    "waiting_for_capture": Status.PENDING,  # with `capture: true` it passes by itself
    "succeeded": Status.SUCCEEDED,
    "canceled": Status.CANCELED,
}


class YookassaAcquirer:
    """See Acquirer. https://yookassa.ru/developers/api"""

    def __init__(self, client: YookassaClient, /) -> None:
        self._client = client

    def charge(self, order: ChargeOrder, /, *, timeout_s: float) -> PaymentAnswer:
        answer = self._client.call(
            "POST",
            "/payments",
            timeout_s=timeout_s,
            body=_request(order),
            idempotence_key=order.idempotence_key,
        )
        return _payment_answer(answer)

    def get(self, acquirer_payment_id: str, /, *, timeout_s: float) -> PaymentAnswer:
        """A refusal to show it says nothing about the payment."""
        if not acquirer_payment_id:
            return Absent()
        answer = self._client.call("GET", f"/payments/{acquirer_payment_id}", timeout_s=timeout_s)
        return Silence() if isinstance(answer, Refused) else _payment_answer(answer)

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        query = {"created_at.gte": to_rfc3339(since), "created_at.lt": to_rfc3339(until), "limit": _PAGE}
        found = self._look_through("/payments", query, key="payment_id", wanted=payment_id, timeout_s=timeout_s)
        return _payment_answer(found) if isinstance(found, dict) else found

    def refund(self, *, refund_id: str, acquirer_payment_id: str, amount: Money, timeout_s: float) -> RefundAnswer:
        """Of a payment without an id nothing can be asked for: it is refused here, as it would be there."""
        if not acquirer_payment_id:
            return Refused(NO_PAYMENT_ID)
        body = {"payment_id": acquirer_payment_id, "amount": to_amount(amount), "metadata": {"refund_id": refund_id}}
        answer = self._client.call(
            "POST", "/refunds", timeout_s=timeout_s, body=RefundRequest(body), idempotence_key=refund_id
        )
        return _refund_answer(answer)

    def find_refund(self, refund_id: str, /, *, acquirer_payment_id: str, timeout_s: float) -> RefundAnswer:
        """An empty id would list everybody's."""
        if not acquirer_payment_id:
            return Absent()
        query = {"payment_id": acquirer_payment_id, "limit": _PAGE}
        found = self._look_through("/refunds", query, key="refund_id", wanted=refund_id, timeout_s=timeout_s)
        return _refund_answer(found) if isinstance(found, dict) else found

    def _look_through(
        self, path: str, query: dict[str, str], *, key: str, wanted: str, timeout_s: float
    ) -> dict[str, Any] | Busy | Silence | Absent:
        """Go through a list page by page: the API cannot search by metadata."""
        for _ in range(_PAGES_AT_MOST):
            page = self._client.call("GET", path, timeout_s=timeout_s, query=query)
            if not isinstance(page, dict):
                return Silence() if isinstance(page, Refused) else page
            found = next((item for item in page.get("items", []) if our_id(item, key) == wanted), None)
            if found is not None:
                return dict(found)
            if "next_cursor" not in page:
                return Absent()
            query = query | {"cursor": page["next_cursor"]}
        return Absent()


def _request(order: ChargeOrder) -> PaymentRequest | dict[str, Any]:
    """Return the body. The SDK knows WebMoney in answers only, so that one goes without its checks."""
    body = _body(order)
    return body if order.kind is PaymentKind.WEBMONEY else PaymentRequest(body)


def _body(order: ChargeOrder) -> dict[str, Any]:
    body: dict[str, Any] = {
        "amount": to_amount(order.amount),
        "capture": True,
        "description": _DESCRIPTION,
        "metadata": {"payment_id": order.payment_id},
    }
    if order.acquirer_method_id:
        return body | {"payment_method_id": order.acquirer_method_id}
    return body | {
        "confirmation": {"type": "redirect", "return_url": order.return_url},
        "payment_method_data": {"type": _METHOD_TYPES[order.kind]},
        "save_payment_method": order.save_payment_method,
    }


def _payment_answer(answer: dict[str, Any] | Refused | Busy | Silence) -> PaymentAnswer:
    return read(answer, _to_payment) if isinstance(answer, dict) else answer


def _refund_answer(answer: dict[str, Any] | Refused | Busy | Silence) -> RefundAnswer:
    return read(answer, _to_refund) if isinstance(answer, dict) else answer


def _to_payment(document: Mapping[str, Any]) -> AcquirerPayment:
    captured_at = document.get("captured_at")
    return AcquirerPayment(
        acquirer_payment_id=text_of(document["id"]),
        payment_id=our_id(document, "payment_id"),
        status=_STATUSES[document["status"]],
        amount=from_amount(document["amount"]),
        confirmation_url=(document.get("confirmation") or {}).get("confirmation_url", ""),
        decline_reason=word_of((document.get("cancellation_details") or {}).get("reason"), otherwise=""),
        captured_at=moment_of(captured_at) if captured_at else None,
        saved_card=saved_card_of(document.get("payment_method") or {}),
    )


def _to_refund(document: Mapping[str, Any]) -> AcquirerRefund:
    return AcquirerRefund(
        acquirer_refund_id=text_of(document["id"]),
        refund_id=our_id(document, "refund_id"),
        status=_STATUSES[document["status"]],
        amount=from_amount(document["amount"]),
    )
