"""Fault scripts: what is to go wrong, for which payment and how often; the doing is left to whoever takes one.

Scripts are rows, so a script survives the kill that may be part of it, and hundreds of them share one running suite.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.acquirer.cards import DECLINE_REASONS
from sandbox.acquirer.errors import invalid_request

_READING = frozenset(
    {"get_payment", "list_payments", "get_payment_method", "get_refund", "list_refunds", "get_receipt", "list_receipts"}
)
OPERATIONS = _READING | {
    "create_payment",
    "capture",
    "cancel",
    "create_refund",
    "create_payment_method",
    "create_receipt",
}
TOKEN_KEY = "fault_token"


class Family(StrEnum):
    """Where a fault bites: on the connection of a call, on a decision of issuer or cash register, on a notification."""

    CALL = "call"
    OUTCOME = "outcome"
    WEBHOOK = "webhook"
    RECEIPT = "receipt"
    REFUND = "refund"


_WITHOUT_ARGUMENT = {
    "timeout_before": Family.CALL,
    "timeout_after": Family.CALL,
    "error_500_before": Family.CALL,
    "error_500_after": Family.CALL,
    "reset": Family.CALL,
    "reset_after": Family.CALL,
    "pending_then_succeed": Family.OUTCOME,
    "pending_then_cancel": Family.OUTCOME,
    "webhook_drop": Family.WEBHOOK,
    "receipt_cancel": Family.RECEIPT,
    "refund_cancel": Family.REFUND,
}
_WITH_NUMBER = {
    "delay_ms": (Family.CALL, 60_000),
    "delay_after_ms": (Family.CALL, 60_000),
    "pending_then_succeed": (Family.OUTCOME, 3_600),
    "pending_then_cancel": (Family.OUTCOME, 3_600),
    "webhook_delay_ms": (Family.WEBHOOK, 3_600_000),
    "webhook_repeat": (Family.WEBHOOK, 1_000),
}


class Match(BaseModel):
    """Which calls a script is for; all given conditions must hold, none given means the next calls of anybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payment_id: str | None = None
    token: str | None = None
    operation: str | None = None


class Script(BaseModel):
    """`POST /control/faults`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Match = Match()
    fault: str
    times: int = Field(default=1, ge=1, le=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One occasion of something going wrong."""

    name: str
    argument: str

    @property
    def before_effect(self) -> bool:
        """Whether the call must come to nothing."""
        return self.name in {"timeout_before", "error_500_before", "reset"}


def arm(connection: sqlite3.Connection, script: Script, /) -> int:
    """Write a script down; refuse an unknown fault, so that a typing error does not pass for a passed test."""
    family = _family_of(script.fault)
    if script.match.operation is not None and script.match.operation not in OPERATIONS:
        raise invalid_request(f"Unknown operation; known: {', '.join(sorted(OPERATIONS))}", parameter="match.operation")
    cursor = connection.execute(
        "INSERT INTO faults (match_payment_id, match_token, match_operation, fault, family, remaining)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            script.match.payment_id,
            script.match.token,
            script.match.operation,
            script.fault,
            family,
            script.times,
        ),
    )
    return int(cursor.lastrowid or 0)


def take(
    connection: sqlite3.Connection, /, *, family: Family, operation: str, metadata: dict[str, str]
) -> Fault | None:
    """Return the oldest script that fits, counting it down. Reads are hit only by a script that names them."""
    row = connection.execute(
        """SELECT fault_id, fault FROM faults WHERE family = :family AND remaining > 0
           AND (match_payment_id IS NULL OR match_payment_id = :payment_id)
           AND (match_token IS NULL OR match_token = :token)
           AND (match_operation = :operation OR (match_operation IS NULL AND NOT :reading))
           ORDER BY fault_id LIMIT 1""",
        {
            "family": family,
            "payment_id": metadata.get("payment_id"),
            "token": metadata.get(TOKEN_KEY),
            "operation": operation,
            "reading": operation in _READING,
        },
    ).fetchone()
    if row is None:
        return None
    connection.execute("UPDATE faults SET remaining = remaining - 1 WHERE fault_id = ?", (row["fault_id"],))
    name, _, argument = row["fault"].partition(":")
    return Fault(name=name, argument=argument)


def armed(connection: sqlite3.Connection, /) -> list[dict[str, Any]]:
    """Return the scripts that still have something to do."""
    return [dict(row) for row in connection.execute("SELECT * FROM faults WHERE remaining > 0 ORDER BY fault_id")]


def disarm_all(connection: sqlite3.Connection, /) -> None:
    """Forget every script."""
    connection.execute("DELETE FROM faults")


def _family_of(fault: str) -> Family:
    name, colon, argument = fault.partition(":")
    if name == "decline" and argument in DECLINE_REASONS:
        return Family.OUTCOME
    if not colon and name in _WITHOUT_ARGUMENT:
        return _WITHOUT_ARGUMENT[name]
    family, most = _WITH_NUMBER.get(name, (None, 0))
    if family is None or not argument.isdecimal() or int(argument) > most:
        raise invalid_request("Unknown fault or argument out of range", parameter="fault")
    return family
