"""Every movement of money, once, for ever: what checks of the suite hold the shop's own books against."""

import json
import sqlite3
from datetime import datetime
from typing import Any

from sandbox.acquirer.payment import Payment, Refund
from sandbox.acquirer.wire import render_time


def post_charge(connection: sqlite3.Connection, payment: Payment, /, *, now: datetime) -> None:
    """Note that a payment's money was taken; a second time for one payment breaks a unique index."""
    connection.execute(
        "INSERT INTO ledger (at, kind, payment_id, amount_minor, currency, metadata) VALUES (?, 'charge', ?, ?, ?, ?)",
        (render_time(now), payment.payment_id, payment.amount_minor, payment.currency, json.dumps(payment.metadata)),
    )


def post_refund(connection: sqlite3.Connection, refund: Refund, payment: Payment, /) -> None:
    """Note that money went back; the entry carries the payment's metadata too, so that it can be found by it."""
    connection.execute(
        "INSERT INTO ledger (at, kind, payment_id, refund_id, amount_minor, currency, metadata)"
        " VALUES (?, 'refund', ?, ?, ?, ?, ?)",
        (
            render_time(refund.created_at),
            refund.payment_id,
            refund.refund_id,
            refund.amount_minor,
            refund.currency,
            json.dumps(payment.metadata | refund.metadata),
        ),
    )


def entries(connection: sqlite3.Connection, /, *, shop_payment_id: str | None, after: int) -> list[dict[str, Any]]:
    """Return entries in their order, those after an entry id, of one payment of the shop or of all."""
    rows = connection.execute(
        """SELECT * FROM ledger WHERE entry_id > :after
           AND (:payment IS NULL OR json_extract(metadata, '$.payment_id') = :payment) ORDER BY entry_id""",
        {"after": after, "payment": shop_payment_id},
    )
    return [dict(row) | {"metadata": json.loads(row["metadata"])} for row in rows]
