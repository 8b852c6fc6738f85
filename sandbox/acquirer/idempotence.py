"""`Idempotence-Key`: the same request a second time gets the first answer, another one under the same key is refused.

The look-up, the effect and the answer are one transaction, so parallel requests with one key have one effect. Refusals
are not kept: nothing happened, and the shop may repeat a corrected request under the same key.
https://yookassa.ru/developers/using-api/interaction-format#idempotence
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.acquirer.errors import invalid_request
from sandbox.acquirer.wire import render_time

REMEMBERED = timedelta(hours=24)
_HEADER = "Idempotence-Key"


def once(
    connection: sqlite3.Connection,
    /,
    *,
    key: str | None,
    operation: str,
    body: object,
    now: datetime,
    effect: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Return the effect's answer, or the one that was given to this key before."""
    key = _checked(key)
    request_hash = _hash(operation, body)
    known = connection.execute(
        "SELECT request_hash, answer FROM idempotence_keys WHERE idempotence_key = ? AND created_at > ?",
        (key, render_time(now - REMEMBERED)),
    ).fetchone()
    if known is None:
        answer = effect()
        connection.execute(
            "INSERT OR REPLACE INTO idempotence_keys VALUES (?, ?, ?, ?)",
            (key, request_hash, json.dumps(answer), render_time(now)),
        )
        return answer
    if known["request_hash"] != request_hash:
        raise invalid_request("Idempotence key duplicated", parameter=_HEADER)
    return json.loads(known["answer"])  # type: ignore[no-any-return]


def forget_old(connection: sqlite3.Connection, /, *, now: datetime) -> None:
    """Drop the keys whose time is over."""
    connection.execute("DELETE FROM idempotence_keys WHERE created_at <= ?", (render_time(now - REMEMBERED),))


def _checked(key: str | None) -> str:
    if not key:
        raise invalid_request("The idempotence key is required", parameter=_HEADER)
    if len(key) > 64:
        raise invalid_request("The idempotence key is longer than 64 characters", parameter=_HEADER)
    return key


def _hash(operation: str, body: object) -> str:
    canonical = json.dumps([operation, body], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
