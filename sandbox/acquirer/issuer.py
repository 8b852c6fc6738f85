"""The issuing bank's decision about a payment, or the fault script that takes its place."""

import sqlite3
import time
from datetime import datetime

from sandbox.acquirer.cards import SUCCESS
from sandbox.acquirer.faults import Family, take
from sandbox.acquirer.payment import Payment, Suspense

_PENDING = {"pending_then_succeed": SUCCESS, "pending_then_cancel": "general_decline"}


def decide(
    connection: sqlite3.Connection, payment: Payment, outcome: str, /, *, now: datetime, pending_s: float
) -> None:
    """Settle the payment by the card's outcome unless a script says otherwise; some scripts put it off."""
    fault = take(connection, family=Family.OUTCOME, operation="decide", metadata=payment.metadata)
    if fault is None:
        payment.settle(outcome, now=now)
    elif fault.name == "decline":
        payment.settle(fault.argument, now=now)
    else:
        wait_s = float(fault.argument or pending_s)
        payment.suspense = Suspense(kind="processing", outcome=_PENDING[fault.name], resolve_at=time.time() + wait_s)
