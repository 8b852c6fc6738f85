"""Tariff plans of an account: what a change would come to, scheduling it for a date, and what happens on that date."""

import sqlite3
from datetime import date, datetime, timedelta

from kabinet.regional.v1 import billing_pb2, ordering_pb2

from sandbox.region import books, refusals
from sandbox.region.rules import Rules, TariffPlan
from sandbox.region.values import money, render_time

_UNPAID_PROMISE = "SELECT 1 FROM promised_payments WHERE number = ? AND state IN ('open', 'overdue')"
_PENDING_CHANGE = "SELECT 1 FROM tariff_changes WHERE number = ? AND state = 'scheduled'"


def plans_for(connection: sqlite3.Connection, rules: Rules, /, *, number: str) -> list[billing_pb2.TariffPlan]:
    """Return the plans that an account could change to, the cheapest first."""
    in_force = books.open_account(connection, number)["tariff_plan_id"]
    plans = [plan for plan in rules.tariff_plans if plan.tariff_plan_id != in_force]
    return [_plan(plan) for plan in sorted(plans, key=lambda plan: (plan.monthly_fee_minor, plan.name))]


def quote(
    connection: sqlite3.Connection, rules: Rules, /, *, number: str, tariff_plan_id: str, now: datetime
) -> ordering_pb2.TariffQuote:
    """Say what a change would cost and take away, and from when it would hold; refuse one that cannot be."""
    account = books.open_account(connection, number)
    wanted = rules.plan(tariff_plan_id)
    if wanted is None:
        raise refusals.absent("TARIFF_PLAN")
    if account["tariff_plan_id"] == tariff_plan_id:
        raise refusals.not_now("TARIFF_PLAN_IN_FORCE", "The plan is in force already.")
    if connection.execute(_UNPAID_PROMISE, (number,)).fetchone():
        raise refusals.not_now("PROMISED_PAYMENT_OPEN", "A promised payment is to be repaid first.")
    if connection.execute(_PENDING_CHANGE, (number,)).fetchone():
        raise refusals.not_now("TARIFF_CHANGE_PENDING", "Another change is scheduled.")
    return _quote(connection, rules, account=account, wanted=wanted, now=now)


def schedule(
    connection: sqlite3.Connection,
    rules: Rules,
    /,
    *,
    change_id: str,
    number: str,
    agreed: ordering_pb2.TariffQuote,
    now: datetime,
) -> sqlite3.Row:
    """Schedule a change once per id for the date that was agreed to; refuse when the quote no longer holds."""
    first = _find(connection, change_id)
    if first is not None:
        if first["number"] != number or ordering_pb2.TariffQuote.FromString(first["quote"]) != agreed:
            raise refusals.request_id_reused()
        return first
    holds = quote(connection, rules, number=number, tariff_plan_id=agreed.tariff_plan.tariff_plan_id, now=now)
    if holds != agreed:
        raise refusals.not_now("TARIFF_QUOTE_OUTDATED", "Price or date are no longer what was quoted.")
    connection.execute(
        "INSERT INTO tariff_changes VALUES (?, ?, ?, ?, ?, 'scheduled', ?)",
        (
            change_id,
            number,
            holds.tariff_plan.tariff_plan_id,
            holds.price_now.amount_minor,
            holds.SerializeToString(deterministic=True),
            render_time(_midnight(rules, date.fromisoformat(holds.effective_date))),
        ),
    )
    return change(connection, change_id)


def change(connection: sqlite3.Connection, change_id: str, /) -> sqlite3.Row:
    """Return a change; refuse an unknown one."""
    row = _find(connection, change_id)
    if row is None:
        raise refusals.absent("TARIFF_CHANGE")
    return row


def cancel(connection: sqlite3.Connection, change_id: str, /) -> sqlite3.Row:
    """Take a scheduled change back."""
    if change(connection, change_id)["state"] == "done":
        raise refusals.not_now("TARIFF_CHANGE_DONE", "The change holds already.")
    _settle(connection, change_id, state="canceled")
    return change(connection, change_id)


def take_effect(connection: sqlite3.Connection, rules: Rules, due: sqlite3.Row, /, *, now: datetime) -> None:
    """Let a change whose date has come hold: plan, services, the price of the change, and the news of it.

    On an account that was closed in the meantime there is nothing to change any more.
    """
    account = books.account(connection, due["number"])
    if account["closed"]:
        _settle(connection, due["change_id"], state="canceled")
        return
    connection.execute(
        "UPDATE accounts SET tariff_plan_id = ? WHERE number = ?", (due["tariff_plan_id"], due["number"])
    )
    wanted = rules.plan(due["tariff_plan_id"])
    if wanted is not None:  # a plan taken off sale in the meantime was still agreed to; its services stay as they are
        _exchange_services(connection, due["number"], wanted, suffix=due["change_id"])
    _settle(connection, due["change_id"], state="done")
    if due["price_now_minor"]:
        books.bill_fee(
            connection,
            charge_id=f"tariff:{due['change_id']}",
            number=due["number"],
            amount_minor=due["price_now_minor"],
            description="Смена тарифного плана",
            now=now,
            may_overdraw=True,
        )
    else:
        books.tell_balance(connection, number=due["number"], balance_minor=account["balance_minor"], now=now)


def _quote(
    connection: sqlite3.Connection, rules: Rules, *, account: sqlite3.Row, wanted: TariffPlan, now: datetime
) -> ordering_pb2.TariffQuote:
    in_force = connection.execute(
        "SELECT * FROM tariff_plans WHERE tariff_plan_id = ?", (account["tariff_plan_id"],)
    ).fetchone()
    cheaper = wanted.monthly_fee_minor < in_force["monthly_fee_minor"]
    price_now = rules.downgrade_fee_minor if cheaper else 0
    extras = connection.execute(
        "SELECT COALESCE(SUM(monthly_fee_minor), 0) AS fees FROM service_orders WHERE number = ? AND state = 'done'",
        (account["number"],),
    ).fetchone()["fees"]
    return ordering_pb2.TariffQuote(
        tariff_plan=_plan(wanted),
        price_now=money(price_now),
        next_bill=money(price_now + wanted.monthly_fee_minor + extras),
        lost=_lost(rules.plan(account["tariff_plan_id"]), wanted),
        effective_date=_first_of_next_month(now.astimezone(rules.zone).date()).isoformat(),
    )


def _lost(in_force: TariffPlan | None, wanted: TariffPlan) -> list[str]:
    if in_force is None:
        return []
    ended = [_name(kind, name) for kind, name in in_force.services.items() if kind not in wanted.services]
    perks = [perk for perk in in_force.perks if perk not in wanted.perks]
    slower = wanted.speed_mbit < in_force.speed_mbit
    speed = [f"Скорость {in_force.speed_mbit} Мбит/с (станет {wanted.speed_mbit} Мбит/с)"] if slower else []
    return [*ended, *speed, *perks]


def _name(kind: str, name: str | None) -> str:
    return name or {"telephony": "Домашний телефон"}.get(kind, kind)


def _exchange_services(connection: sqlite3.Connection, number: str, wanted: TariffPlan, *, suffix: str) -> None:
    """End the plan's services that the new plan lacks, rename those it has, add what is new; ordered ones stay."""
    rows = connection.execute(
        "SELECT * FROM services WHERE number = ? AND service_id NOT IN (SELECT order_id FROM service_orders)", (number,)
    ).fetchall()
    for row in rows:
        if row["kind"] not in wanted.services:
            connection.execute("DELETE FROM services WHERE service_id = ?", (row["service_id"],))
        elif wanted.services[row["kind"]] is not None:
            connection.execute(
                "UPDATE services SET name = ? WHERE service_id = ?", (wanted.services[row["kind"]], row["service_id"])
            )
    suspended = any(row["suspended"] for row in rows)
    for kind in wanted.services.keys() - {row["kind"] for row in rows}:
        connection.execute(
            "INSERT INTO services VALUES (?, ?, ?, ?, ?)",
            (f"{number}-{kind}-{suffix}", number, kind, _name(kind, wanted.services[kind]), suspended),
        )


def _settle(connection: sqlite3.Connection, change_id: str, *, state: str) -> None:
    connection.execute("UPDATE tariff_changes SET state = ?, due_at = NULL WHERE change_id = ?", (state, change_id))


def _find(connection: sqlite3.Connection, change_id: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM tariff_changes WHERE change_id = ?", (change_id,)
    ).fetchone()
    return found


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _midnight(rules: Rules, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=rules.zone)


def _plan(plan: TariffPlan) -> billing_pb2.TariffPlan:
    return billing_pb2.TariffPlan(
        tariff_plan_id=plan.tariff_plan_id, name=plan.name, monthly_fee=money(plan.monthly_fee_minor)
    )
