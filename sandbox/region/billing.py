"""Issuing a bill: what the ledger says of one month, as paper would print it."""

import calendar
import sqlite3
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kabinet.regional.v1 import feed_pb2

from sandbox.region import books, journal, numbers
from sandbox.region.rules import read_rules
from sandbox.region.values import money, render_time, timestamp

_DAYS_TO_PAY = 20


def issue_bill(
    connection: sqlite3.Connection, /, *, region: str, number: str, month: str | None, now: datetime
) -> feed_pb2.RegionalBill:
    """Issue the bill of a month ("2026-10") of the region's calendar, the present one when none is named; keep it and
    write the news of it.

    A month that was billed before gets the next revision when its lines have changed, and the same bill when not.
    """
    zone = read_rules(region).zone
    month = month or f"{now.astimezone(zone):%Y-%m}"
    start, end = _bounds(month)
    row = books.account(connection, number)
    bill = feed_pb2.RegionalBill(
        number=number,
        bill_number=f"{region}-{month}-{number}",
        period_start=start.isoformat(),
        period_end=end.isoformat(),
        issued_at=timestamp(now),
        due_date=(end + timedelta(days=_DAYS_TO_PAY)).isoformat(),
        payer_name=row["payer_name"],
        payer_address=row["payer_address"],
    )
    _fill(connection, bill, start=start, end=end, zone=zone)
    return _keep(connection, bill)


def _fill(
    connection: sqlite3.Connection, bill: feed_pb2.RegionalBill, *, start: date, end: date, zone: ZoneInfo
) -> None:
    begins_at, ends_at = _beginning_of(start, zone), _beginning_of(end + timedelta(days=1), zone)
    opening = _balance_before(connection, bill.number, begins_at)
    received = 0
    billed = 0
    for row in connection.execute(
        "SELECT * FROM ledger WHERE number = ? AND at >= ? AND at < ? ORDER BY entry_id",
        (bill.number, begins_at, ends_at),
    ):
        if row["kind"] == "payment":
            received += row["amount_minor"]
        else:
            billed += row["amount_minor"]
            bill.lines.add(description=row["description"], amount=money(row["amount_minor"]))
    bill.opening_balance.CopyFrom(money(opening))
    bill.payments_received.CopyFrom(money(received))
    bill.amount_due.CopyFrom(money(max(0, -(opening - billed + received))))


def _keep(connection: sqlite3.Connection, bill: feed_pb2.RegionalBill) -> feed_pb2.RegionalBill:
    last = connection.execute(
        "SELECT revision, content FROM bills WHERE number = ? AND bill_number = ? ORDER BY revision DESC LIMIT 1",
        (bill.number, bill.bill_number),
    ).fetchone()
    if last is not None:
        known = feed_pb2.RegionalBill.FromString(last["content"])
        if list(known.lines) == list(bill.lines) and known.amount_due == bill.amount_due:
            return known
    bill.revision = last["revision"] + 1 if last is not None else 1
    content = bill.SerializeToString()
    connection.execute(
        "INSERT INTO bills (number, bill_number, revision, content) VALUES (?, ?, ?, ?)",
        (bill.number, bill.bill_number, bill.revision, content),
    )
    shown = feed_pb2.RegionalBill.FromString(content)
    shown.number = numbers.shown_number(connection, bill.number)
    journal.write(connection, feed_pb2.FeedRecord(bill=shown))
    return bill


def _balance_before(connection: sqlite3.Connection, number: str, moment: str) -> int:
    row = connection.execute(
        "SELECT balance_after_minor FROM ledger WHERE number = ? AND at < ? ORDER BY entry_id DESC LIMIT 1",
        (number, moment),
    ).fetchone()
    return row["balance_after_minor"] if row else 0


def _beginning_of(day: date, zone: ZoneInfo) -> str:
    """Return when a day begins in the region's calendar, as rows hold times."""
    return render_time(datetime.combine(day, time.min, zone))


def _bounds(month: str) -> tuple[date, date]:
    start = date.fromisoformat(f"{month}-01")
    return start, start.replace(day=calendar.monthrange(start.year, start.month)[1])
