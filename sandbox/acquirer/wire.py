"""How payments, refunds and notifications look in YooKassa's API; field names going out are known here only."""

from datetime import datetime
from typing import Any

from sandbox.acquirer.amount import render as render_amount
from sandbox.acquirer.binding import Binding, BindingStatus
from sandbox.acquirer.payment import Card, Payment, Refund, Status
from sandbox.acquirer.receipt import Receipt, ReceiptStatus

_FEE_BASIS_POINTS = 350  # a usual card tariff; what the shop gets is `income_amount`


def render_payment(payment: Payment, /, *, shop_id: str, public_url: str) -> dict[str, Any]:
    """Return the payment object; absent values are left out, as the original does."""
    taken = payment.status is Status.SUCCEEDED
    fields = {
        "id": payment.payment_id,
        "status": payment.status.value,
        "amount": render_amount(payment.amount_minor, payment.currency),
        "income_amount": _income(payment) if taken else None,
        "description": payment.description,
        "recipient": {"account_id": shop_id, "gateway_id": shop_id},
        "payment_method": _payment_method(payment),
        "created_at": render_time(payment.created_at),
        "captured_at": render_time(payment.captured_at),
        "expires_at": render_time(payment.expires_at) if payment.status is Status.WAITING_FOR_CAPTURE else None,
        "confirmation": _confirmation(payment, public_url),
        "test": True,
        "refunded_amount": render_amount(payment.refunded_minor, payment.currency) if taken else None,
        "paid": payment.status in (Status.SUCCEEDED, Status.WAITING_FOR_CAPTURE),
        "refundable": taken and payment.refunded_minor < payment.amount_minor,
        "receipt_registration": _receipt_registration(payment),
        "metadata": payment.metadata,
        "merchant_customer_id": payment.merchant_customer_id,
        "cancellation_details": payment.cancellation.model_dump() if payment.cancellation else None,
        "authorization_details": _authorization(payment),
    }
    return {name: value for name, value in fields.items() if value is not None}


def render_refund(refund: Refund, /) -> dict[str, Any]:
    """Return the refund object."""
    fields = {
        "id": refund.refund_id,
        "payment_id": refund.payment_id,
        "status": "canceled" if refund.canceled_because else "succeeded",
        "created_at": render_time(refund.created_at),
        "amount": render_amount(refund.amount_minor, refund.currency),
        "description": refund.description,
        "receipt_registration": "succeeded" if refund.has_receipt else None,
        "metadata": refund.metadata,
        "cancellation_details": (
            {"party": "refund_network", "reason": refund.canceled_because} if refund.canceled_because else None
        ),
    }
    return {name: value for name, value in fields.items() if value is not None}


def render_binding(binding: Binding, /, *, shop_id: str, public_url: str) -> dict[str, Any]:
    """Return the payment method object of a binding."""
    method: dict[str, Any] = {
        "type": "bank_card",
        "id": binding.payment_method_id,
        "saved": binding.status is BindingStatus.ACTIVE,
        "status": binding.status.value,
        "holder": {"account_id": shop_id, "gateway_id": shop_id},
        "metadata": binding.metadata,
    }
    if binding.card is not None and binding.status is BindingStatus.ACTIVE:
        method |= {"title": f"Bank card *{binding.card.last4}", "card": _card(binding.card)}
    if binding.status is BindingStatus.PENDING:
        url = f"{public_url}/bind/{binding.payment_method_id}"
        method["confirmation"] = {"type": "redirect", "confirmation_url": url, "return_url": binding.return_url}
    return method


def render_receipt(receipt: Receipt, /) -> dict[str, Any]:
    """Return the receipt object."""
    registered = receipt.status is ReceiptStatus.SUCCEEDED
    fields = {
        "id": receipt.receipt_id,
        "type": receipt.kind,
        "payment_id": receipt.payment_id if receipt.refund_id is None else None,
        "refund_id": receipt.refund_id,
        "status": receipt.status.value,
        "fiscal_document_number": receipt.receipt_id[-6:] if registered else None,
        "fiscal_storage_number": "9288000100115785" if registered else None,
        "registered_at": render_time(receipt.registered_at),
        "tax_system_code": receipt.tax_system_code,
        "items": receipt.items,
        "settlements": receipt.settlements,
    }
    return {name: value for name, value in fields.items() if value is not None}


def render_notification(event: str, subject: dict[str, Any], /) -> dict[str, Any]:
    """Return the body of a webhook."""
    return {"type": "notification", "event": event, "object": subject}


def render_time(moment: datetime | None, /) -> str | None:
    """Return `2017-11-03T11:52:31.827Z`."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _income(payment: Payment) -> dict[str, str]:
    fee = (payment.amount_minor * _FEE_BASIS_POINTS + 5_000) // 10_000
    return render_amount(payment.amount_minor - fee, payment.currency)


def _payment_method(payment: Payment) -> dict[str, Any] | None:
    if payment.method_type != "bank_card":
        return _other_method(payment)
    if payment.card is None:
        return None
    return {
        "type": "bank_card",
        "id": payment.payment_method_id,
        "saved": payment.payment_method_saved,
        "status": "active" if payment.payment_method_saved else "inactive",
        "title": f"Bank card *{payment.card.last4}",
        "card": _card(payment.card),
    }


def _card(card: Card) -> dict[str, Any]:
    return card.model_dump(exclude={"saved_outcome"}) | {"card_product": {"code": "E"}}


def _other_method(payment: Payment) -> dict[str, Any]:
    method: dict[str, Any] = {"type": payment.method_type, "id": payment.payment_method_id, "saved": False}
    if payment.method_type == "sbp" and payment.status is Status.SUCCEEDED:
        bank = {"bank_id": "100000000111", "bic": "044525225"}
        method |= {"sbp_operation_id": payment.payment_id.replace("-", "").upper(), "payer_bank_details": bank}
    return method


def _confirmation(payment: Payment, public_url: str) -> dict[str, Any] | None:
    if payment.status is not Status.PENDING or payment.confirmation_type is None:
        return None
    url = f"{public_url}/pay/{payment.payment_id}"
    if payment.confirmation_type == "qr":
        return {"type": "qr", "confirmation_data": url}
    return {"type": "redirect", "confirmation_url": url, "return_url": payment.return_url}


def _authorization(payment: Payment) -> dict[str, Any] | None:
    if payment.auth_code is None:
        return None
    return {"rrn": payment.rrn, "auth_code": payment.auth_code, "three_d_secure": {"applied": payment.three_d_secure}}


def _receipt_registration(payment: Payment) -> str | None:
    if not payment.has_receipt:
        return None
    return {Status.SUCCEEDED: "succeeded", Status.CANCELED: "canceled"}.get(payment.status, "pending")
