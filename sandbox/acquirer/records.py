"""Payments, refunds and saved cards as rows: each function runs inside the transaction it is given."""

import sqlite3
from datetime import datetime

from sandbox.acquirer.binding import Binding
from sandbox.acquirer.errors import not_found
from sandbox.acquirer.payment import Card, Payment, Refund
from sandbox.acquirer.receipt import Receipt
from sandbox.acquirer.wire import render_time


def save_payment(connection: sqlite3.Connection, payment: Payment, /) -> None:
    """Write the payment as it now is."""
    connection.execute(
        """INSERT INTO payments (payment_id, created_at, captured_at, status, resolve_at, expires_at, document)
           VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (payment_id) DO UPDATE SET captured_at = excluded.captured_at, status = excluded.status,
               resolve_at = excluded.resolve_at, expires_at = excluded.expires_at, document = excluded.document""",
        (
            payment.payment_id,
            render_time(payment.created_at),
            render_time(payment.captured_at),
            payment.status.value,
            payment.suspense.resolve_at if payment.suspense else None,
            render_time(payment.expires_at),
            payment.model_dump_json(),
        ),
    )


def find_payment(connection: sqlite3.Connection, payment_id: str, /) -> Payment | None:
    """Return the payment, or nothing."""
    row = connection.execute("SELECT document FROM payments WHERE payment_id = ?", (payment_id,)).fetchone()
    return Payment.model_validate_json(row["document"]) if row else None


def get_payment(connection: sqlite3.Connection, payment_id: str, /) -> Payment:
    """Return the payment, or refuse in the API's words."""
    payment = find_payment(connection, payment_id)
    if payment is None:
        raise not_found("Payment", parameter="payment_id")
    return payment


def payments_of(connection: sqlite3.Connection, shop_payment_id: str, /) -> list[Payment]:
    """Return the payments that carry this id of the shop's own in `metadata.payment_id`, oldest first."""
    rows = connection.execute(
        "SELECT document FROM payments WHERE json_extract(document, '$.metadata.payment_id') = ? ORDER BY created_at",
        (shop_payment_id,),
    )
    return [Payment.model_validate_json(row["document"]) for row in rows]


def payments_to_resolve(connection: sqlite3.Connection, /, *, wall_time: float) -> list[str]:
    """Return ids of payments whose decided outcome is now to be told."""
    rows = connection.execute("SELECT payment_id FROM payments WHERE resolve_at <= ? LIMIT 100", (wall_time,))
    return [row["payment_id"] for row in rows]


def payments_to_lapse(connection: sqlite3.Connection, /, *, now: datetime) -> list[str]:
    """Return ids of payments whose time is over."""
    rows = connection.execute(
        "SELECT payment_id FROM payments WHERE expires_at <= ? AND resolve_at IS NULL LIMIT 100", (render_time(now),)
    )
    return [row["payment_id"] for row in rows]


def save_method(connection: sqlite3.Connection, payment_method_id: str, card: Card, /) -> None:
    """Keep a card for later payments without the payer."""
    connection.execute(
        """INSERT INTO payment_methods VALUES (?, ?)
           ON CONFLICT (payment_method_id) DO UPDATE SET card = excluded.card""",
        (payment_method_id, card.model_dump_json()),
    )


def find_method(connection: sqlite3.Connection, payment_method_id: str, /) -> Card | None:
    """Return a saved card, or nothing."""
    row = connection.execute(
        "SELECT card FROM payment_methods WHERE payment_method_id = ?", (payment_method_id,)
    ).fetchone()
    return Card.model_validate_json(row["card"]) if row else None


def insert_refund(connection: sqlite3.Connection, refund: Refund, /) -> None:
    """Write a new refund."""
    connection.execute(
        "INSERT INTO refunds VALUES (?, ?, ?, ?)",
        (refund.refund_id, refund.payment_id, render_time(refund.created_at), refund.model_dump_json()),
    )


def get_refund(connection: sqlite3.Connection, refund_id: str, /) -> Refund:
    """Return the refund, or refuse in the API's words."""
    row = connection.execute("SELECT document FROM refunds WHERE refund_id = ?", (refund_id,)).fetchone()
    if row is None:
        raise not_found("Refund", parameter="refund_id")
    return Refund.model_validate_json(row["document"])


def save_binding(connection: sqlite3.Connection, binding: Binding, /) -> None:
    """Write the binding as it now is."""
    connection.execute(
        """INSERT INTO bindings (payment_method_id, status, expires_at, document) VALUES (?, ?, ?, ?)
           ON CONFLICT (payment_method_id) DO UPDATE SET status = excluded.status, document = excluded.document""",
        (
            binding.payment_method_id,
            binding.status.value,
            render_time(binding.expires_at),
            binding.model_dump_json(),
        ),
    )


def find_binding(connection: sqlite3.Connection, payment_method_id: str, /) -> Binding | None:
    """Return the binding, or nothing."""
    row = connection.execute(
        "SELECT document FROM bindings WHERE payment_method_id = ?", (payment_method_id,)
    ).fetchone()
    return Binding.model_validate_json(row["document"]) if row else None


def get_binding(connection: sqlite3.Connection, payment_method_id: str, /) -> Binding:
    """Return the binding, or refuse in the API's words."""
    binding = find_binding(connection, payment_method_id)
    if binding is None:
        raise not_found("Payment method", parameter="payment_method_id")
    return binding


def bindings_to_lapse(connection: sqlite3.Connection, /, *, now: datetime) -> list[str]:
    """Return ids of bindings whose time is over."""
    rows = connection.execute(
        "SELECT payment_method_id FROM bindings WHERE status = 'pending' AND expires_at <= ? LIMIT 100",
        (render_time(now),),
    )
    return [row["payment_method_id"] for row in rows]


def save_receipt(connection: sqlite3.Connection, receipt: Receipt, /) -> None:
    """Write the receipt as it now is."""
    connection.execute(
        """INSERT INTO receipts (receipt_id, payment_id, refund_id, created_at, status, resolve_at, document)
           VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (receipt_id) DO UPDATE SET status = excluded.status, resolve_at = excluded.resolve_at,
               document = excluded.document""",
        (
            receipt.receipt_id,
            receipt.payment_id,
            receipt.refund_id,
            render_time(receipt.created_at),
            receipt.status.value,
            receipt.resolve_at,
            receipt.model_dump_json(),
        ),
    )


def get_receipt(connection: sqlite3.Connection, receipt_id: str, /) -> Receipt:
    """Return the receipt, or refuse in the API's words."""
    row = connection.execute("SELECT document FROM receipts WHERE receipt_id = ?", (receipt_id,)).fetchone()
    if row is None:
        raise not_found("Receipt", parameter="receipt_id")
    return Receipt.model_validate_json(row["document"])


def receipts_of(connection: sqlite3.Connection, payment_id: str, /) -> list[Receipt]:
    """Return the receipts of a payment and of its refunds, oldest first."""
    rows = connection.execute(
        "SELECT document FROM receipts WHERE payment_id = ? ORDER BY created_at, receipt_id", (payment_id,)
    )
    return [Receipt.model_validate_json(row["document"]) for row in rows]


def receipts_to_resolve(connection: sqlite3.Connection, /, *, wall_time: float) -> list[str]:
    """Return ids of receipts whose outcome is now to be told."""
    rows = connection.execute("SELECT receipt_id FROM receipts WHERE resolve_at <= ? LIMIT 100", (wall_time,))
    return [row["receipt_id"] for row in rows]
