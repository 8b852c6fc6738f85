"""Orders of services: offered, taken, worked on, connected; a connected service is billed and stands on the account."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.region import books, refusals
from sandbox.region.rules import Rules, ServiceOffer
from sandbox.region.values import render_time

_KINDS = ("telephony", "internet", "tv")
_OPEN = ("accepted", "in_progress")


def offers_for(connection: sqlite3.Connection, rules: Rules, /, *, number: str) -> list[ServiceOffer]:
    """Return what an account does not have yet, by kind and name."""
    books.open_account(connection, number)
    offers = [offer for offer in rules.service_offers if not _is_there(connection, number, offer)]
    return sorted(offers, key=lambda offer: (_KINDS.index(offer.kind), offer.name))


def place(
    connection: sqlite3.Connection, rules: Rules, /, *, order_id: str, number: str, offer_code: str, now: datetime
) -> sqlite3.Row:
    """Take an order once per id."""
    first = _find(connection, order_id)
    if first is not None:
        if first["number"] != number or first["offer_code"] != offer_code:
            raise refusals.request_id_reused()
        return first
    books.open_account(connection, number)
    offer = rules.offer(offer_code)
    if offer is None:
        raise refusals.absent("SERVICE_OFFER")
    if _is_there(connection, number, offer):
        raise refusals.not_now("SERVICE_ALREADY_THERE", "The account has the service, or it is being connected.")
    if number in offer.not_feasible_at:
        raise refusals.not_now("SERVICE_NOT_FEASIBLE", "The service cannot be connected at this address.")
    connection.execute(
        "INSERT INTO service_orders VALUES (?, ?, ?, ?, ?, ?, ?, 'accepted', ?, '', ?)",
        (
            order_id,
            number,
            offer.offer_code,
            offer.kind,
            offer.name,
            offer.connection_price_minor,
            offer.monthly_fee_minor,
            render_time(now),
            render_time(now + timedelta(seconds=rules.service_order_steps.accepted_s)),
        ),
    )
    return order(connection, order_id)


def order(connection: sqlite3.Connection, order_id: str, /) -> sqlite3.Row:
    """Return an order; refuse an unknown one."""
    row = _find(connection, order_id)
    if row is None:
        raise refusals.absent("SERVICE_ORDER")
    return row


def cancel(connection: sqlite3.Connection, order_id: str, /, *, now: datetime) -> sqlite3.Row:
    """Cancel an order that is not connected yet; one that ended without a service stays as it ended."""
    row = order(connection, order_id)
    if row["state"] == "done":
        raise refusals.not_now("SERVICE_ORDER_DONE", "The service is connected already.")
    if row["state"] in _OPEN:
        _move(connection, order_id, state="canceled", now=now)
    return order(connection, order_id)


def take_step(connection: sqlite3.Connection, rules: Rules, due: sqlite3.Row, /, *, now: datetime) -> None:
    """Move an order whose time has come one step on: to the fitter, or to its end."""
    steps: dict[str, Callable[..., None]] = {"accepted": _start, "in_progress": _finish}
    steps[due["state"]](connection, rules, due, now=now)


def refuse(connection: sqlite3.Connection, order_id: str, /, *, reason: str, now: datetime) -> None:
    """End an order that cannot be done; one that has ended already stays as it ended."""
    if order(connection, order_id)["state"] not in _OPEN:
        return
    connection.execute("UPDATE service_orders SET refusal_reason = ? WHERE order_id = ?", (reason, order_id))
    _move(connection, order_id, state="refused", now=now)


def _start(connection: sqlite3.Connection, rules: Rules, due: sqlite3.Row, *, now: datetime) -> None:
    finished = now + timedelta(seconds=rules.service_order_steps.in_progress_s)
    _move(connection, due["order_id"], state="in_progress", now=now, due_at=render_time(finished))


def _finish(connection: sqlite3.Connection, rules: Rules, due: sqlite3.Row, *, now: datetime) -> None:
    account = books.account(connection, due["number"])
    offer = rules.offer(due["offer_code"])
    reason = "ACCOUNT_CLOSED" if account["closed"] else offer.refused_because if offer else "OFFER_WITHDRAWN"
    if reason:
        refuse(connection, due["order_id"], reason=reason, now=now)
        return
    connection.execute(
        "INSERT INTO services (service_id, number, kind, name) VALUES (?, ?, ?, ?)",
        (due["order_id"], due["number"], due["kind"], due["name"]),
    )
    _move(connection, due["order_id"], state="done", now=now)
    if due["connection_price_minor"]:
        books.bill_fee(
            connection,
            charge_id=f"connection:{due['order_id']}",
            number=due["number"],
            amount_minor=due["connection_price_minor"],
            description=f"Подключение: {due['name']}",
            now=now,
            may_overdraw=True,
        )
    else:
        books.tell_balance(connection, number=due["number"], balance_minor=account["balance_minor"], now=now)


def _is_there(connection: sqlite3.Connection, number: str, offer: ServiceOffer) -> bool:
    """Tell whether an account has the service or waits for it: the very same, or, for no addition, one of its kind."""
    found = connection.execute(
        """SELECT 1 FROM services WHERE number = :number AND (name = :name OR (:only_one AND kind = :kind)) UNION ALL
           SELECT 1 FROM service_orders WHERE number = :number AND state IN ('accepted', 'in_progress')
           AND (offer_code = :code OR (:only_one AND kind = :kind))""",
        {
            "number": number,
            "name": offer.name,
            "only_one": not offer.addition,
            "kind": offer.kind,
            "code": offer.offer_code,
        },
    ).fetchone()
    return found is not None


def _move(
    connection: sqlite3.Connection, order_id: str, *, state: str, now: datetime, due_at: str | None = None
) -> None:
    connection.execute(
        "UPDATE service_orders SET state = ?, changed_at = ?, due_at = ? WHERE order_id = ?",
        (state, render_time(now), due_at, order_id),
    )


def _find(connection: sqlite3.Connection, order_id: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM service_orders WHERE order_id = ?", (order_id,)
    ).fetchone()
    return found
