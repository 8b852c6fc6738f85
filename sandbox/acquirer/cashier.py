"""What the shop may do by the API: create, capture, cancel, refund. Each call runs inside the caller's transaction."""

import sqlite3
from datetime import datetime
from typing import Any

from sandbox.acquirer import issuer, records
from sandbox.acquirer.books import Books
from sandbox.acquirer.errors import invalid_request
from sandbox.acquirer.faults import Family, take
from sandbox.acquirer.payment import TIME_TO_CONFIRM, Payment, Refund, Status, new_object_id
from sandbox.acquirer.request_bodies import CapturePayment, CreatePayment, CreateRefund
from sandbox.acquirer.wire import render_refund


class Cashier:
    """Takes the shop's orders."""

    def __init__(self, *, books: Books, pending_s: float) -> None:
        self._books = books
        self._pending_s = pending_s

    def create(self, connection: sqlite3.Connection, order: CreatePayment, /, *, now: datetime) -> dict[str, Any]:
        """Open a payment; one by a saved card is decided at once, any other waits for its payer."""
        payment = _open(order, now=now)
        if order.payment_method_id is None:
            self._books.record(connection, payment, was=Status.PENDING, now=now)
            return self._books.render(payment)
        card = records.find_method(connection, order.payment_method_id)
        if card is None:
            raise invalid_request("The payment method does not exist or is not saved", parameter="payment_method_id")
        payment.card, payment.payment_method_saved, payment.expires_at = card, True, None
        payment.confirmation_type = None
        issuer.decide(connection, payment, card.saved_outcome, now=now, pending_s=self._pending_s)
        self._books.record(connection, payment, was=Status.PENDING, now=now)
        return self._books.render(payment)

    def capture(
        self, connection: sqlite3.Connection, payment_id: str, order: CapturePayment, /, *, now: datetime
    ) -> dict[str, Any]:
        """Take the money that is held."""
        payment = records.get_payment(connection, payment_id)
        if payment.status is not Status.WAITING_FOR_CAPTURE:
            raise invalid_request(f"The payment cannot be captured: it is {payment.status}", parameter="payment_id")
        amount_minor = order.amount.minor("amount") if order.amount else payment.amount_minor
        if order.receipt:
            order.receipt.check_total(amount_minor)
        payment.take(amount_minor, now=now)
        self._books.record(connection, payment, was=Status.WAITING_FOR_CAPTURE, now=now)
        return self._books.render(payment)

    def cancel(self, connection: sqlite3.Connection, payment_id: str, /, *, now: datetime) -> dict[str, Any]:
        """Give up the hold."""
        payment = records.get_payment(connection, payment_id)
        if payment.status is not Status.WAITING_FOR_CAPTURE:
            raise invalid_request(f"The payment cannot be canceled: it is {payment.status}", parameter="payment_id")
        payment.cancel("canceled_by_merchant")
        self._books.record(connection, payment, was=Status.WAITING_FOR_CAPTURE, now=now)
        return self._books.render(payment)

    def refund(self, connection: sqlite3.Connection, order: CreateRefund, /, *, now: datetime) -> dict[str, Any]:
        """Give money back."""
        payment = records.get_payment(connection, order.payment_id)
        amount_minor = order.amount.minor("amount")
        if order.receipt:
            order.receipt.check_total(amount_minor)
        fault = take(connection, family=Family.REFUND, operation="decide", metadata=payment.metadata)
        if fault is None:
            payment.refund(amount_minor)
        refund = Refund(
            refund_id=new_object_id(now=now),
            payment_id=payment.payment_id,
            created_at=now,
            amount_minor=amount_minor,
            currency=payment.currency,
            description=order.description,
            metadata=order.metadata,
            has_receipt=order.receipt is not None,
            canceled_because="general_decline" if fault else None,
        )
        self._books.record_refund(connection, refund, payment)
        return render_refund(refund)


def _open(order: CreatePayment, *, now: datetime) -> Payment:
    payment_id = new_object_id(now=now)
    return Payment(
        payment_id=payment_id,
        created_at=now,
        expires_at=now + TIME_TO_CONFIRM,
        amount_minor=order.check(),
        currency=order.amount.currency,
        capture=order.capture,
        description=order.description,
        metadata=order.metadata,
        merchant_customer_id=order.merchant_customer_id,
        return_url=order.confirmation.return_url if order.confirmation else None,
        method_type=order.method_type,
        confirmation_type=order.confirmation.type if order.confirmation else None,
        save_payment_method=order.save_payment_method,
        has_receipt=order.receipt is not None,
        payment_method_id=order.payment_method_id or payment_id,
    )
