"""The people of the demo: accounts of a region with three months of history, made once, when the books are empty."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.region import books
from sandbox.region.rules import Rules, read_region

_PLAIN_PLAN = "plain"


def open_demo_accounts(connection: sqlite3.Connection, /, *, region: str, now: datetime) -> int:
    """Open the accounts of `demo/<region>.json` unless there are accounts already; return how many."""
    if connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone():
        return 0
    data = read_region(region)
    fees = {plan["tariff_plan_id"]: (plan["name"], plan["monthly_fee_minor"]) for plan in data["tariff_plans"]}
    for account in data["accounts"]:
        _open(connection, account)
        _write_history(connection, account, fee=fees[account["tariff_plan_id"]], now=now)
        if "old_mandate" in account:
            books.set_old_mandate(connection, number=account["number"], state=account["old_mandate"], now=now)
    return len(data["accounts"])


def enter_contacts(connection: sqlite3.Connection, /, *, region: str) -> None:
    """Put the owners' contacts into the books, also into those that were opened before there were any."""
    for account in read_region(region)["accounts"]:
        _enter_contact(connection, number=account["number"], email=account["contact"])


def enter_tariff_plans(connection: sqlite3.Connection, rules: Rules, /) -> None:
    """Put the plans on sale into the books; a plan that is there already stays as it was sold."""
    for plan in rules.tariff_plans:
        connection.execute(
            "INSERT OR IGNORE INTO tariff_plans VALUES (?, ?, ?)",
            (plan.tariff_plan_id, plan.name, plan.monthly_fee_minor),
        )


def open_plain_accounts(
    connection: sqlite3.Connection, /, *, first_number: int, count: int, balance_minor: int, now: datetime
) -> None:
    """Open accounts without a history, for load; their proofs are `contract_code` = `bill_code` = the number."""
    connection.execute("INSERT OR IGNORE INTO tariff_plans VALUES (?, 'Простой', 45000)", (_PLAIN_PLAN,))
    for number in map(str, range(first_number, first_number + count)):
        account: dict[str, Any] = {
            "number": number,
            "payer_name": "Абонент Тестовый",
            "payer_address": "ул. Тестовая, 1",
            "billing_mode": "advance",
            "tariff_plan_id": _PLAIN_PLAN,
            "contract_code": number,
            "bill_code": number,
            "contact": f"owner-{number}@example.test",
            "services": [{"kind": "internet", "name": "Интернет"}],
        }
        _open(connection, account)
        _enter_contact(connection, number=number, email=account["contact"])
        if balance_minor:
            books.credit_payment(
                connection,
                payment_id=f"opening-{number}",
                number=number,
                amount_minor=balance_minor,
                channel="office",
                now=now,
            )


def _open(connection: sqlite3.Connection, account: Mapping[str, Any]) -> None:
    connection.execute(
        """INSERT INTO accounts (number, payer_name, payer_address, billing_mode, tariff_plan_id, contract_code,
        bill_code)
           VALUES (:number, :payer_name, :payer_address, :billing_mode, :tariff_plan_id, :contract_code, :bill_code)""",
        {name: value for name, value in account.items() if name not in {"services", "contact", "old_mandate"}},
    )
    for index, service in enumerate(account["services"], start=1):
        connection.execute(
            "INSERT INTO services (service_id, number, kind, name) VALUES (?, ?, ?, ?)",
            (f"{account['number']}-{index}", account["number"], service["kind"], service["name"]),
        )


def _enter_contact(connection: sqlite3.Connection, *, number: str, email: str) -> None:
    connection.execute("INSERT OR IGNORE INTO contacts (number, email) VALUES (?, ?)", (number, email))


def _write_history(
    connection: sqlite3.Connection, account: Mapping[str, Any], *, fee: tuple[str, int], now: datetime
) -> None:
    """Write a fee on the 1st of each of the three months before this one, and what was paid.

    An advance account pays before its fee; a credit account pays each bill on the 10th of the month after, so that its
    last bill is still to be paid.
    """
    number = str(account["number"])
    name, monthly_fee = fee
    is_first = True
    for first in reversed(_first_days_before(now, months=3)):
        month = first.strftime("%Y-%m")
        payment = {"payment_id": f"office-{number}-{month}", "number": number, "channel": "office"}
        if account["billing_mode"] == "advance":
            books.credit_payment(connection, amount_minor=monthly_fee + 5000, now=first, **payment)
        books.bill_fee(
            connection,
            charge_id=f"fee-{number}-{month}",
            number=number,
            amount_minor=monthly_fee,
            description=f"Абонентская плата, тариф «{name}»",
            now=first + timedelta(hours=3),
            may_overdraw=True,
        )
        if account["billing_mode"] == "credit" and not is_first:
            books.credit_payment(connection, amount_minor=monthly_fee, now=first + timedelta(days=9), **payment)
        is_first = False


def _first_days_before(now: datetime, *, months: int) -> list[datetime]:
    days = []
    first = datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
        days.append(first)
    return days
