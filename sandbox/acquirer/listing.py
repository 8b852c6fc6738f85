"""Lists of the API, newest first, page by page: filters of the query string into SQL; only known filters exist."""

import base64
import binascii
import sqlite3
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.acquirer.errors import invalid_request
from sandbox.acquirer.payment import Payment, Refund, Status
from sandbox.acquirer.receipt import Receipt
from sandbox.acquirer.wire import render_time

_COMPARISONS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_PAGING = {"limit", "cursor"}
_REFUND_STATUSES = frozenset({"pending", "succeeded", "canceled"})
# Filters that are no column of their own.
_EXPRESSIONS = {
    ("payments", "payment_method"): "json_extract(document, '$.method_type')",
    ("refunds", "status"): (
        "CASE WHEN json_extract(document, '$.canceled_because') IS NULL THEN 'succeeded' ELSE 'canceled' END"
    ),
}


def list_payments(connection: sqlite3.Connection, query: Mapping[str, str], /) -> tuple[list[Payment], str | None]:
    """Return a page of payments and the cursor of the next one."""
    times = {f"{column}.{suffix}" for column in ("created_at", "captured_at") for suffix in _COMPARISONS}
    conditions = _conditions(query, table="payments", times=times, exact={"status", "payment_method"})
    _check_status(query, known=set(Status))
    documents, cursor = _page(connection, query, conditions, table="payments", key="payment_id")
    return [Payment.model_validate_json(document) for document in documents], cursor


def list_refunds(connection: sqlite3.Connection, query: Mapping[str, str], /) -> tuple[list[Refund], str | None]:
    """Return a page of refunds and the cursor of the next one."""
    times = {f"created_at.{suffix}" for suffix in _COMPARISONS}
    conditions = _conditions(query, table="refunds", times=times, exact={"payment_id", "status"})
    _check_status(query, known=_REFUND_STATUSES)
    documents, cursor = _page(connection, query, conditions, table="refunds", key="refund_id")
    return [Refund.model_validate_json(document) for document in documents], cursor


def list_receipts(connection: sqlite3.Connection, query: Mapping[str, str], /) -> tuple[list[Receipt], str | None]:
    """Return a page of receipts and the cursor of the next one."""
    times = {f"created_at.{suffix}" for suffix in _COMPARISONS}
    conditions = _conditions(query, table="receipts", times=times, exact={"payment_id", "refund_id", "status"})
    documents, cursor = _page(connection, query, conditions, table="receipts", key="receipt_id")
    return [Receipt.model_validate_json(document) for document in documents], cursor


def _check_status(query: Mapping[str, str], *, known: Container[str]) -> None:
    if "status" in query and query["status"] not in known:
        raise invalid_request("Unknown status", parameter="status")


def _conditions(query: Mapping[str, str], *, table: str, times: set[str], exact: set[str]) -> list[tuple[str, str]]:
    found = []
    for name, value in query.items():
        if name in times:
            column, _, suffix = name.partition(".")
            found.append((f"{column} {_COMPARISONS[suffix]} ?", _time(value, parameter=name)))
        elif name in exact:
            found.append((f"{_EXPRESSIONS.get((table, name), name)} = ?", value))
        elif name not in _PAGING:
            raise invalid_request("Unknown filter", parameter=name)
    return found


def _page(
    connection: sqlite3.Connection,
    query: Mapping[str, str],
    conditions: list[tuple[str, str]],
    *,
    table: str,
    key: str,
) -> tuple[list[str], str | None]:
    """Read one row more than asked for, to know whether there is a next page.

    Names in the SQL are this module's own, values are bound.
    """
    limit = _limit(query)
    where, values = ["1"], []
    for condition, value in conditions:
        where.append(condition)
        values.append(value)
    if "cursor" in query:
        where.append(f"(created_at, {key}) < (?, ?)")
        values += _decode_cursor(query["cursor"])
    rows: list[Any] = connection.execute(
        f"SELECT document, created_at, {key} AS id FROM {table} WHERE {' AND '.join(where)}"  # nosec B608
        f" ORDER BY created_at DESC, {key} DESC LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return [row["document"] for row in rows[:limit]], _encode_cursor(last["created_at"], last["id"]) if last else None


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "10")
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise invalid_request("The limit must be from 1 to 100", parameter="limit")
    return int(text)


def _time(value: str, *, parameter: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid_request("Incorrect format of the time", parameter=parameter) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return render_time(aware.astimezone(UTC)) or ""


def _encode_cursor(created_at: str, row_id: str) -> str:
    return base64.urlsafe_b64encode(f"{created_at} {row_id}".encode()).decode()


def _decode_cursor(cursor: str) -> list[str]:
    try:
        created_at, row_id = base64.urlsafe_b64decode(cursor).decode().split(" ")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise invalid_request("Unknown cursor", parameter="cursor") from None
    return [created_at, row_id]
