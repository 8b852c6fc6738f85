"""Writes a changed payment down together with all that follows from it: ledger entry, saved card, notification owed."""

import sqlite3
import time
from datetime import datetime
from typing import Any

from sandbox.acquirer import ledger, records, webhook_queue
from sandbox.acquirer.payment import Payment, Refund, Status
from sandbox.acquirer.wire import render_payment, render_refund


class Books:
    """The one way to save a payment or refund; runs inside the caller's transaction, so none of it can be missing."""

    def __init__(self, *, shop_id: str, public_url: str) -> None:
        self._shop_id = shop_id
        self._public_url = public_url

    def render(self, payment: Payment, /) -> dict[str, Any]:
        """Return the payment as the API shows it."""
        return render_payment(payment, shop_id=self._shop_id, public_url=self._public_url)

    def record(self, connection: sqlite3.Connection, payment: Payment, /, *, was: Status, now: datetime) -> None:
        """Save a payment that was in the state `was`."""
        records.save_payment(connection, payment)
        if payment.status is was:
            return
        if payment.status is Status.SUCCEEDED:
            ledger.post_charge(connection, payment, now=now)
        if payment.payment_method_saved and payment.card and payment.payment_method_id == payment.payment_id:
            records.save_method(connection, payment.payment_method_id, payment.card)
        self._notify(connection, f"payment.{payment.status}", self.render(payment), payment.metadata)

    def record_refund(self, connection: sqlite3.Connection, refund: Refund, payment: Payment, /) -> None:
        """Save a refund and the payment that it was taken from; a cancelled one moves nothing and is told to nobody."""
        records.save_payment(connection, payment)
        records.insert_refund(connection, refund)
        if refund.canceled_because:
            return
        ledger.post_refund(connection, refund, payment)
        self._notify(connection, "refund.succeeded", render_refund(refund), payment.metadata)

    def _notify(
        self, connection: sqlite3.Connection, event: str, subject: dict[str, Any], metadata: dict[str, str]
    ) -> None:
        webhook_queue.enqueue(connection, event=event, subject=subject, metadata=metadata, wall_time=time.time())
