"""Notifications owed to the shop, as rows: written together with the change they tell of, repeated until taken."""

import json
import sqlite3
from typing import Any

from sandbox.acquirer.faults import Family, take
from sandbox.acquirer.wire import render_notification

_LADDER_S = (1, 5, 30, 60, 300, 600, 1800, 3600)
_GIVE_UP_AFTER_S = 24 * 3600.0  # as YooKassa does


def enqueue(
    connection: sqlite3.Connection,
    /,
    *,
    event: str,
    subject: dict[str, Any],
    metadata: dict[str, str],
    wall_time: float,
) -> None:
    """Owe the shop a notification; a fault script may lose it, delay it or make it many."""
    fault = take(connection, family=Family.WEBHOOK, operation="webhook", metadata=metadata)
    name = fault.name if fault else ""
    number = int(fault.argument or 0) if fault else 0
    body = json.dumps(render_notification(event, subject), ensure_ascii=False)
    due_at = None if name == "webhook_drop" else wall_time + (number / 1000 if name == "webhook_delay_ms" else 0)
    outcome = "dropped by a fault script" if due_at is None else None
    row = (subject["id"], event, body, wall_time, due_at, outcome)
    connection.executemany(
        "INSERT INTO webhooks (subject_id, event, body, created_at, next_attempt_at, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [row] * (number if name == "webhook_repeat" else 1),
    )


def due(connection: sqlite3.Connection, /, *, wall_time: float, limit: int) -> list[sqlite3.Row]:
    """Return notifications whose next attempt has come."""
    return connection.execute(
        "SELECT * FROM webhooks WHERE next_attempt_at <= ? ORDER BY next_attempt_at, webhook_id LIMIT ?",
        (wall_time, limit),
    ).fetchall()


def note_attempt(connection: sqlite3.Connection, webhook: sqlite3.Row, /, *, outcome: str, wall_time: float) -> None:
    """Write down how an attempt went and when the next one is due: only an answer of 200 ends it before its time."""
    attempts = webhook["attempts"] + 1
    over = outcome == "200" or wall_time - webhook["created_at"] > _GIVE_UP_AFTER_S
    next_attempt_at = None if over else wall_time + _LADDER_S[min(attempts, len(_LADDER_S)) - 1]
    connection.execute(
        "UPDATE webhooks SET attempts = ?, next_attempt_at = ?, outcome = ? WHERE webhook_id = ?",
        (attempts, next_attempt_at, outcome, webhook["webhook_id"]),
    )


def send_again(connection: sqlite3.Connection, /, *, subject_id: str, times: int, wall_time: float) -> int:
    """Owe all notifications about a payment or refund so many times more; return how many that makes."""
    rows = connection.execute(
        "SELECT subject_id, event, body FROM webhooks WHERE subject_id = ? GROUP BY event", (subject_id,)
    ).fetchall()
    copies = [(row["subject_id"], row["event"], row["body"], wall_time, wall_time) for row in rows] * times
    connection.executemany(
        "INSERT INTO webhooks (subject_id, event, body, created_at, next_attempt_at) VALUES (?, ?, ?, ?, ?)", copies
    )
    return len(copies)


def overview(connection: sqlite3.Connection, /, *, subject_id: str | None) -> list[dict[str, Any]]:
    """Return what was owed and what became of it, newest first, without the bodies."""
    rows = connection.execute(
        """SELECT webhook_id, subject_id, event, created_at, next_attempt_at, attempts, outcome FROM webhooks
           WHERE :subject IS NULL OR subject_id = :subject ORDER BY webhook_id DESC LIMIT 1000""",
        {"subject": subject_id},
    )
    return [dict(row) for row in rows]
