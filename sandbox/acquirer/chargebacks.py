"""The registry of disputes that the shop is sent as a file: lines only, no money moves here."""

import csv
import io
import secrets
import sqlite3
from datetime import UTC, datetime

from sandbox.acquirer.amount import render as render_amount
from sandbox.acquirer.payment import Payment
from sandbox.acquirer.wire import render_time

_COLUMNS = ("chargeback_id", "payment_id", "amount", "currency", "reason", "received_at")


def record(connection: sqlite3.Connection, payment: Payment, /, *, reason: str) -> str:
    """Write a dispute of the whole payment down; return its id."""
    chargeback_id = f"cb-{secrets.token_hex(8)}"
    received_at = render_time(datetime.now(UTC))
    connection.execute(
        "INSERT INTO chargebacks VALUES (?, ?, ?, ?, ?, ?)",
        (chargeback_id, payment.payment_id, payment.amount_minor, payment.currency, reason, received_at),
    )
    return chargeback_id


def registry(connection: sqlite3.Connection, /) -> str:
    """Return all of them as CSV, the oldest first."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in connection.execute("SELECT * FROM chargebacks ORDER BY received_at, chargeback_id"):
        value = render_amount(row["amount_minor"], row["currency"])["value"]
        writer.writerow(
            (row["chargeback_id"], row["payment_id"], value, row["currency"], row["reason"], row["received_at"])
        )
    return file.getvalue()
