"""What the ledger holds of the cabinet's payments in a period, for the daily comparison of books."""

import sqlite3
from datetime import datetime

from sandbox.region.values import render_time


def of_period(
    connection: sqlite3.Connection, /, *, start: datetime, end: datetime, after: int, limit: int
) -> list[sqlite3.Row]:
    """Return the cabinet's payments of a period in the ledger's order, those after entry `after`."""
    return connection.execute(
        """SELECT * FROM ledger WHERE kind = 'payment' AND channel = 'kabinet' AND at >= ? AND at < ? AND entry_id > ?
           ORDER BY entry_id LIMIT ?""",
        (render_time(start), render_time(end), after, limit),
    ).fetchall()


def totals(connection: sqlite3.Connection, /, *, start: datetime, end: datetime) -> tuple[int, int]:
    """Return how many payments of the cabinet's a period has, and their kopecks."""
    row = connection.execute(
        """SELECT COUNT(*) AS count, COALESCE(SUM(amount_minor), 0) AS sum FROM ledger
           WHERE kind = 'payment' AND channel = 'kabinet' AND at >= ? AND at < ?""",
        (render_time(start), render_time(end)),
    ).fetchone()
    return row["count"], row["sum"]
