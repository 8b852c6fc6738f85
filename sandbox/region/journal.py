"""The region's journal: what the cabinet is to be told, in one order, until it has said that it is stored."""

import secrets
import sqlite3
from collections.abc import Sequence

from kabinet.regional.v1 import feed_pb2


def write(connection: sqlite3.Connection, record: feed_pb2.FeedRecord, /) -> None:
    """Write a record down, within the transaction that makes it true; its position is its row's."""
    kind = record.WhichOneof("news")
    connection.execute("INSERT INTO journal (kind, content) VALUES (?, ?)", (kind, record.SerializeToString()))


def begin(connection: sqlite3.Connection, /) -> None:
    """Give the journal its name, once: new books are a new journal."""
    connection.execute("INSERT OR IGNORE INTO journal_name VALUES (1, ?)", (secrets.token_hex(8),))


def name(connection: sqlite3.Connection, /) -> str:
    """Return the journal's name."""
    return str(connection.execute("SELECT name FROM journal_name").fetchone()["name"])


def after(connection: sqlite3.Connection, position: int, /, *, limit: int) -> list[feed_pb2.FeedRecord]:
    """Return the records after a position, in their order."""
    rows = connection.execute("SELECT * FROM journal WHERE position > ? ORDER BY position LIMIT ?", (position, limit))
    return [_record(row) for row in rows]


def forget(connection: sqlite3.Connection, /, *, up_to: int) -> None:
    """Delete what the cabinet has stored."""
    connection.execute("DELETE FROM journal WHERE position <= ?", (up_to,))


def turn_over(connection: sqlite3.Connection, /) -> None:
    """Put what has gathered into the reverse order, for good: a journal that was written out of order. Each record is
    moved once at most."""
    rows: Sequence[sqlite3.Row] = connection.execute(
        "SELECT * FROM journal WHERE NOT turned ORDER BY position LIMIT 1000"
    ).fetchall()
    for place, other in zip(rows, reversed(rows), strict=True):
        connection.execute(
            "UPDATE journal SET kind = ?, content = ?, turned = 1 WHERE position = ?",
            (other["kind"], other["content"], place["position"]),
        )


def _record(row: sqlite3.Row) -> feed_pb2.FeedRecord:
    record = feed_pb2.FeedRecord.FromString(row["content"])
    record.position = row["position"]
    return record
