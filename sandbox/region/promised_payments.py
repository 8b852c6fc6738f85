"""Promised payments (F18): who may take one and why not, taking it, and what happens when its date passes unpaid.

A promise is no money: it never enters the ledger, and services are judged by balance plus what is promised.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.region import books, refusals
from sandbox.region.rules import PromisedPaymentRules, Rules
from sandbox.region.values import parse_time, render_time


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a promise can be taken: it can when there is no reason why not. `eligible_from` is there when all that
    has to be waited for is a day."""

    reasons: tuple[str, ...]
    eligible_from: datetime | None


def eligibility(connection: sqlite3.Connection, rules: Rules, /, *, number: str, now: datetime) -> Eligibility:
    """Return every reason why an account cannot take a promise now."""
    account = books.open_account(connection, number)
    terms = rules.promised_payment
    waits = {reason: until for reason, until in _waits(connection, terms, number, now) if until > now}
    reasons = (*_standing_reasons(connection, terms, account), *waits)
    only_time = bool(waits) and len(waits) == len(reasons)
    return Eligibility(reasons=reasons, eligible_from=max(waits.values()) if only_time else None)


def take(
    connection: sqlite3.Connection, rules: Rules, /, *, promise_id: str, number: str, amount_minor: int, now: datetime
) -> sqlite3.Row:
    """Take a promise once per id: its fee is billed at once, and what was suspended is switched on again."""
    first = _find(connection, promise_id)
    if first is not None:
        if first["number"] != number or first["amount_minor"] != amount_minor:
            raise refusals.request_id_reused()
        return first
    terms = rules.promised_payment
    reasons = eligibility(connection, rules, number=number, now=now).reasons
    if reasons:
        raise refusals.not_now("PROMISED_PAYMENT_NOT_ELIGIBLE", f"Not now: {', '.join(reasons)}.")
    if not 0 < amount_minor <= terms.largest_minor:
        raise refusals.promised_amount_invalid()
    connection.execute(
        "INSERT INTO promised_payments VALUES (?, ?, ?, ?, ?, ?, 'open')",
        (
            promise_id,
            number,
            amount_minor,
            terms.fee_minor,
            render_time(now),
            render_time(now + timedelta(days=terms.days)),
        ),
    )
    _bill_fee(connection, promise_id=promise_id, number=number, fee_minor=terms.fee_minor, now=now)
    balance = books.account(connection, number)["balance_minor"]
    if balance + amount_minor >= 0:
        books.resume_services(connection, number)
    books.tell_balance(connection, number=number, balance_minor=balance, now=now)
    return promise(connection, promise_id)


def promise(connection: sqlite3.Connection, promise_id: str, /) -> sqlite3.Row:
    """Return a promise; refuse an unknown one."""
    row = _find(connection, promise_id)
    if row is None:
        raise refusals.absent("PROMISED_PAYMENT")
    return row


def fall_overdue(connection: sqlite3.Connection, due: sqlite3.Row, /, *, now: datetime) -> None:
    """End the trust in a promise whose date has passed: without money of its own the account is suspended."""
    connection.execute("UPDATE promised_payments SET state = 'overdue' WHERE promise_id = ?", (due["promise_id"],))
    balance = books.account(connection, due["number"])["balance_minor"]
    if balance < 0:
        books.suspend_services(connection, due["number"])
    books.tell_balance(connection, number=due["number"], balance_minor=balance, now=now)


def _standing_reasons(
    connection: sqlite3.Connection, terms: PromisedPaymentRules, account: sqlite3.Row
) -> Iterator[str]:
    """Yield the reasons that no waiting removes."""
    unpaid = connection.execute(
        "SELECT state FROM promised_payments WHERE number = ? AND state IN ('open', 'overdue')", (account["number"],)
    ).fetchone()
    internet = connection.execute(
        "SELECT 1 FROM services WHERE number = ? AND kind = 'internet'", (account["number"],)
    ).fetchone()
    if internet is None:
        yield "NOT_INTERNET"
    if account["billing_mode"] != "advance":
        yield "NOT_ADVANCE"
    if unpaid is not None:
        yield f"PROMISE_{unpaid['state'].upper()}"
    if account["balance_minor"] >= terms.sufficient_balance_minor:
        yield "BALANCE_SUFFICIENT"
    if account["balance_minor"] < -terms.largest_debt_minor:
        yield "DEBT_TOO_LARGE"


def _waits(
    connection: sqlite3.Connection, terms: PromisedPaymentRules, number: str, now: datetime
) -> Iterator[tuple[str, datetime]]:
    """Yield what only time removes, with the moment it does. An account is as old as its first entry in the books."""
    opened = connection.execute("SELECT MIN(at) AS at FROM ledger WHERE number = ?", (number,)).fetchone()["at"]
    taken = connection.execute("SELECT MAX(taken_at) AS at FROM promised_payments WHERE number = ?", (number,))
    last = taken.fetchone()["at"]
    if last is not None:
        yield "TAKEN_LATELY", parse_time(last) + timedelta(days=terms.days_between)
    yield "ACCOUNT_TOO_YOUNG", (parse_time(opened) if opened else now) + timedelta(days=terms.youngest_account_days)


def _bill_fee(connection: sqlite3.Connection, *, promise_id: str, number: str, fee_minor: int, now: datetime) -> None:
    if fee_minor:
        books.bill_fee(
            connection,
            charge_id=f"promise:{promise_id}",
            number=number,
            amount_minor=fee_minor,
            description="Обещанный платёж",
            now=now,
            may_overdraw=True,
        )


def _find(connection: sqlite3.Connection, promise_id: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM promised_payments WHERE promise_id = ?", (promise_id,)
    ).fetchone()
    return found
