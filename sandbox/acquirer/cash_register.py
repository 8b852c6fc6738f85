"""Receipts after the payment: taken, checked against the money that moved, registered a little later."""

import sqlite3
import time
from datetime import datetime
from typing import Any

from sandbox.acquirer import records
from sandbox.acquirer.errors import invalid_request
from sandbox.acquirer.faults import Family, take
from sandbox.acquirer.payment import Payment, Status, new_object_id
from sandbox.acquirer.receipt import Receipt, ReceiptStatus
from sandbox.acquirer.request_bodies import CreateReceipt
from sandbox.acquirer.wire import render_receipt
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database


class CashRegister:
    """Takes the shop's receipts; all receipts of a payment, or of a refund, never exceed it."""

    def __init__(self, *, database: Database, clock: Clock, pending_s: float) -> None:
        self._database = database
        self._clock = clock
        self._pending_s = pending_s

    def create(self, connection: sqlite3.Connection, order: CreateReceipt, /, *, now: datetime) -> dict[str, Any]:
        """Take a receipt, inside the caller's transaction."""
        amount_minor = order.total()
        payment, moved = _money(connection, order)
        registered = sum(
            receipt.amount_minor
            for receipt in records.receipts_of(connection, payment.payment_id)
            if receipt.refund_id == order.refund_id and receipt.status is not ReceiptStatus.CANCELED
        )
        if registered + amount_minor > moved:
            raise invalid_request("The receipts exceed the money that moved", parameter="settlements")
        fault = take(connection, family=Family.RECEIPT, operation="register", metadata=payment.metadata)
        receipt = Receipt(
            receipt_id=f"rt-{new_object_id(now=now)}",
            created_at=now,
            kind=order.type,
            payment_id=payment.payment_id,
            refund_id=order.refund_id,
            amount_minor=amount_minor,
            currency=payment.currency,
            items=[item.model_dump(mode="json", exclude_none=True) for item in order.items],
            settlements=[settlement.model_dump(mode="json") for settlement in order.settlements],
            tax_system_code=order.tax_system_code,
            sent_to="email" if order.customer.email else "phone",
            outcome=ReceiptStatus.CANCELED if fault else ReceiptStatus.SUCCEEDED,
            resolve_at=time.time() + self._pending_s,
        )
        records.save_receipt(connection, receipt)
        return render_receipt(receipt)

    def register_due(self, *, now: datetime) -> None:
        """Tell what has become of receipts whose time has come."""
        for receipt_id in records.receipts_to_resolve(self._database.read(), wall_time=time.time()):
            with self._database.write() as connection:
                receipt = records.get_receipt(connection, receipt_id)
                receipt.resolve(now=now)
                records.save_receipt(connection, receipt)


def _money(connection: sqlite3.Connection, order: CreateReceipt) -> tuple[Payment, int]:
    """Return the payment and how much of it moved, there or back."""
    if order.type == "refund" and order.refund_id:
        refund = records.get_refund(connection, order.refund_id)
        return records.get_payment(connection, refund.payment_id), refund.amount_minor
    payment = records.get_payment(connection, order.payment_id or "")
    if payment.status is not Status.SUCCEEDED:
        raise invalid_request("The payment has not succeeded", parameter="payment_id")
    return payment, payment.amount_minor
