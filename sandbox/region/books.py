"""A region's books: what accounts have, and the only places where a balance changes; each function is one transaction's
part, and whatever changes a balance writes the news of it in the same transaction.
"""

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from kabinet.regional.v1 import feed_pb2

from sandbox.region import journal, numbers, refusals
from sandbox.region.values import money, render_time, timestamp

REPEATED = "Платёж, проведённый повторно"  # the one sort of entry that the index of ids leaves out


def account(connection: sqlite3.Connection, number: str, /) -> sqlite3.Row:
    """Return an account; refuse an unknown number."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM accounts WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise refusals.account_not_found()
    return row


def open_account(connection: sqlite3.Connection, number: str, /) -> sqlite3.Row:
    """Return an account that still takes money and orders; refuse a closed one."""
    row = account(connection, number)
    if row["closed"]:
        raise refusals.account_closed()
    return row


def owner_knows(connection: sqlite3.Connection, /, *, number: str, kind: str, value: str) -> bool:
    """Tell whether a fact is the account's; every kind is looked up, so that all answers take the same time."""
    row = connection.execute(
        """SELECT contract_code, bill_code, (SELECT amount_minor FROM ledger
             WHERE number = a.number AND kind = 'payment' AND at >= :since ORDER BY entry_id DESC LIMIT 1)
           AS last_payment_minor FROM accounts a WHERE number = :number AND NOT closed""",
        {"number": number, "since": owner_since(connection, number)},
    ).fetchone()
    facts = {} if row is None else {name: str(row[name]) for name in row.keys() if row[name] is not None}  # noqa: SIM118
    return facts.get(kind) == value.strip()


def credit_payment(
    connection: sqlite3.Connection,
    /,
    *,
    payment_id: str,
    number: str,
    amount_minor: int,
    channel: str,
    now: datetime,
) -> sqlite3.Row:
    """Credit a payment once per id, switch suspended services on again, and return the ledger's entry, new or first."""
    first = entry(connection, "payment", payment_id)
    if first is not None:
        return _same(first, number=number, amount_minor=amount_minor)
    return _credit(
        connection,
        payment_id=payment_id,
        number=number,
        amount_minor=amount_minor,
        description="Платёж",
        channel=channel,
        now=now,
    )


def credit_payment_again(
    connection: sqlite3.Connection,
    /,
    *,
    payment_id: str,
    number: str,
    amount_minor: int,
    channel: str,
    now: datetime,
) -> sqlite3.Row:
    """Credit a payment however often its id was applied before, as books without a unique index do."""
    known = entry(connection, "payment", payment_id) is not None
    return _credit(
        connection,
        payment_id=payment_id,
        number=number,
        amount_minor=amount_minor,
        description=REPEATED if known else "Платёж",
        channel=channel,
        now=now,
    )


def _credit(
    connection: sqlite3.Connection,
    /,
    *,
    payment_id: str,
    number: str,
    amount_minor: int,
    description: str,
    channel: str,
    now: datetime,
) -> sqlite3.Row:
    row = open_account(connection, number)
    balance = row["balance_minor"] + amount_minor
    _repay_promise(connection, number=number, amount_minor=amount_minor)
    restored = balance + served_on_trust(connection, number) >= 0 and resume_services(connection, number)
    return _append(
        connection,
        number=number,
        kind="payment",
        external_id=payment_id,
        amount_minor=amount_minor,
        description=description,
        channel=channel,
        now=now,
        balance=balance,
        service_restored_at=render_time(now) if restored else None,
    )


def bill_fee(
    connection: sqlite3.Connection,
    /,
    *,
    charge_id: str,
    number: str,
    amount_minor: int,
    description: str,
    now: datetime,
    may_overdraw: bool,
) -> sqlite3.Row:
    """Bill a fee once per id and return the ledger's entry, new or first.

    A regular fee may overdraw an advance account, which suspends its services; an order of content may not.
    """
    first = entry(connection, "charge", charge_id)
    if first is not None:
        return _same(first, number=number, amount_minor=amount_minor)
    row = open_account(connection, number)
    balance = row["balance_minor"] - amount_minor
    if row["billing_mode"] == "advance" and balance < 0:
        if not may_overdraw:
            raise refusals.insufficient_funds()
        if balance + served_on_trust(connection, number) < 0:
            suspend_services(connection, number)
    return _append(
        connection,
        number=number,
        kind="charge",
        external_id=charge_id,
        amount_minor=amount_minor,
        description=description,
        channel="",
        now=now,
        balance=balance,
        service_restored_at=None,
    )


def set_old_mandate(connection: sqlite3.Connection, /, *, number: str, state: str, now: datetime) -> None:
    """Note whether the autopay of the old cabinet still debits the account."""
    account(connection, number)
    connection.execute("INSERT OR REPLACE INTO old_mandates VALUES (?, ?, ?)", (number, state, render_time(now)))


def entry(connection: sqlite3.Connection, kind: str, external_id: str, /) -> sqlite3.Row | None:
    """Return the ledger's first entry of an id."""
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM ledger WHERE kind = ? AND external_id = ? ORDER BY entry_id LIMIT 1", (kind, external_id)
    ).fetchone()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesWanted:
    """Which entries of an account: of a period (times as rows hold them, empty for no bound, the end not part of it),
    older than the entry `before`, and how many at most."""

    number: str
    kind: str
    begins_at: str
    ends_at: str
    before: int | None
    limit: int


def entries(connection: sqlite3.Connection, wanted: EntriesWanted, /) -> list[sqlite3.Row]:
    """Return entries of an account since it has its owner, newest first."""
    return connection.execute(
        """SELECT * FROM ledger WHERE number = :number AND kind = :kind AND (:before IS NULL OR entry_id < :before)
           AND at >= :owner_since AND at >= :begins_at AND (:ends_at = '' OR at < :ends_at)
           ORDER BY entry_id DESC LIMIT :limit""",
        asdict(wanted) | {"owner_since": owner_since(connection, wanted.number)},
    ).fetchall()


def change_owner(
    connection: sqlite3.Connection,
    number: str,
    /,
    *,
    payer_name: str,
    contract_code: str,
    bill_code: str,
    now: datetime,
) -> None:
    """Let a contract pass to another person, with other codes, and write the news of it."""
    account(connection, number)
    connection.execute(
        "UPDATE accounts SET payer_name = ?, contract_code = ?, bill_code = ? WHERE number = ?",
        (payer_name, contract_code, bill_code, number),
    )
    connection.execute("INSERT OR IGNORE INTO owner_changes VALUES (?, ?)", (number, render_time(now)))
    change = feed_pb2.OwnerChange(number=numbers.shown_number(connection, number), changed_at=timestamp(now))
    journal.write(connection, feed_pb2.FeedRecord(owner_change=change))


def owner_since(connection: sqlite3.Connection, number: str, /) -> str:
    """Return since when an account has its owner, as rows hold times; the beginning when it never had another."""
    row = connection.execute(
        "SELECT max(changed_at) AS changed_at FROM owner_changes WHERE number = ?", (number,)
    ).fetchone()
    return row["changed_at"] or ""


def tell_balance(connection: sqlite3.Connection, /, *, number: str, balance_minor: int, now: datetime) -> None:
    """Write the news of an account, so that the cabinet looks at it again."""
    shown = numbers.shown_number(connection, number)
    balance = feed_pb2.BalanceRecord(number=shown, balance=money(balance_minor), as_of=timestamp(now))
    journal.write(connection, feed_pb2.FeedRecord(balance=balance))


def _same(first: sqlite3.Row, /, *, number: str, amount_minor: int) -> sqlite3.Row:
    if first["number"] != number or first["amount_minor"] != amount_minor:
        raise refusals.id_reused(first["kind"])
    return first


def _repay_promise(connection: sqlite3.Connection, /, *, number: str, amount_minor: int) -> None:
    """A payment of at least the promised sum repays the promise before anything else, late or in time."""
    connection.execute(
        """UPDATE promised_payments SET state = 'repaid' WHERE number = ? AND state IN ('open', 'overdue')
           AND amount_minor <= ?""",
        (number, amount_minor),
    )


def served_on_trust(connection: sqlite3.Connection, number: str, /) -> int:
    """Return the kopecks that the account is served for although they are only promised."""
    row = connection.execute(
        "SELECT amount_minor FROM promised_payments WHERE number = ? AND state = 'open'", (number,)
    ).fetchone()
    return row["amount_minor"] if row else 0


def suspend_services(connection: sqlite3.Connection, number: str, /) -> None:
    """Switch the account's services off."""
    connection.execute("UPDATE services SET suspended = 1 WHERE number = ?", (number,))


def resume_services(connection: sqlite3.Connection, number: str, /) -> bool:
    """Switch the account's services on; tell whether one was off."""
    cursor = connection.execute("UPDATE services SET suspended = 0 WHERE number = ? AND suspended", (number,))
    return cursor.rowcount > 0


def _append(
    connection: sqlite3.Connection,
    /,
    *,
    number: str,
    kind: str,
    external_id: str,
    amount_minor: int,
    description: str,
    channel: str,
    now: datetime,
    balance: int,
    service_restored_at: str | None,
) -> sqlite3.Row:
    connection.execute("UPDATE accounts SET balance_minor = ? WHERE number = ?", (balance, number))
    cursor = connection.execute(
        """INSERT INTO ledger (number, kind, external_id, amount_minor, description, channel, at, balance_after_minor,
           service_restored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            number,
            kind,
            external_id,
            amount_minor,
            description,
            channel,
            render_time(now),
            balance,
            service_restored_at,
        ),
    )
    tell_balance(connection, number=number, balance_minor=balance, now=now)
    written: sqlite3.Row = connection.execute("SELECT * FROM ledger WHERE entry_id = ?", (cursor.lastrowid,)).fetchone()
    return written
