"""What stands on a region's bill: the month as the calendar of the region has it."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.region import billing, books
from sandbox.region.demo_accounts import enter_tariff_plans, open_demo_accounts
from sandbox.region.rules import read_rules
from sandbox.region.schema import SCHEMA

_ADVANCE = "5400200001"
_OCTOBER_BEGINS = datetime(2026, 9, 30, 17, tzinfo=UTC)  # Novosibirsk is seven hours ahead
_NOVEMBER_BEGINS = datetime(2026, 10, 31, 17, tzinfo=UTC)
_JUST_BEFORE = timedelta(milliseconds=1)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    subject = sqlite3.connect(":memory:")
    subject.row_factory = sqlite3.Row
    subject.executescript(SCHEMA)
    enter_tariff_plans(subject, read_rules("54"))
    open_demo_accounts(subject, region="54", now=datetime(2026, 9, 1, tzinfo=UTC))
    yield subject
    subject.close()


def _lines(connection: sqlite3.Connection, month: str) -> list[str]:
    issued = billing.issue_bill(connection, region="54", number=_ADVANCE, month=month, now=_NOVEMBER_BEGINS)
    return [line.description for line in issued.lines]


def test_has_what_lies_between_the_midnights_of_the_region_and_nothing_else(connection: sqlite3.Connection) -> None:
    moments = {
        "September's last": _OCTOBER_BEGINS - _JUST_BEFORE,
        "October's first": _OCTOBER_BEGINS,
        "October's last": _NOVEMBER_BEGINS - _JUST_BEFORE,
        "November's first": _NOVEMBER_BEGINS,
    }
    for name, moment in moments.items():
        books.bill_fee(
            connection,
            charge_id=name,
            number=_ADVANCE,
            amount_minor=100,
            description=name,
            now=moment,
            may_overdraw=True,
        )

    bills = {month: _lines(connection, month) for month in ("2026-09", "2026-10", "2026-11")}

    assert bills["2026-09"][-1:] == ["September's last"]
    assert bills["2026-10"] == ["October's first", "October's last"]
    assert bills["2026-11"] == ["November's first"]


def test_is_of_the_present_month_of_the_region_when_none_is_named(connection: sqlite3.Connection) -> None:
    months = [
        billing.issue_bill(connection, region="54", number=_ADVANCE, month=None, now=now).period_start
        for now in (_NOVEMBER_BEGINS - _JUST_BEFORE, _NOVEMBER_BEGINS)
    ]

    assert months == ["2026-10-01", "2026-11-01"]


def test_opens_with_the_balance_of_the_region_s_midnight_and_adds_up(connection: sqlite3.Connection) -> None:
    at_first = books.account(connection, _ADVANCE)["balance_minor"]
    for number, moment in enumerate([_OCTOBER_BEGINS - _JUST_BEFORE, _OCTOBER_BEGINS, _NOVEMBER_BEGINS]):
        books.credit_payment(
            connection, payment_id=str(number), number=_ADVANCE, amount_minor=1000, channel="counter", now=moment
        )

    issued = billing.issue_bill(connection, region="54", number=_ADVANCE, month="2026-10", now=_NOVEMBER_BEGINS)

    assert issued.opening_balance.amount_minor == at_first + 1000
    assert issued.payments_received.amount_minor == 1000
    assert (issued.period_start, issued.period_end) == ("2026-10-01", "2026-10-31")
