"""Lies planted in the books of the sandbox: what no one would do by its API, for comparisons of books to find."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class CookedAcquirer:
    """The acquirer's lists as they are shown; its ledger stays true. Every lie can be taken back."""

    def __init__(self, file: Path, /) -> None:
        self._file = file

    def forget(self, acquirer_payment_id: str) -> Row:
        """Have it know nothing of a payment; return what it knew."""
        with self._writing() as books:
            row = _payment(books, acquirer_payment_id)
            books.execute("DELETE FROM payments WHERE payment_id = ?", (acquirer_payment_id,))
        return row

    def restore(self, row: Row) -> None:
        """Have it know again what it knew."""
        with self._writing() as books:
            _insert(books, row)

    def change(self, acquirer_payment_id: str, **fields: Any) -> None:
        """Change fields of a payment, such as `amount_minor`, `refunded_minor` or `metadata`."""
        with self._writing() as books:
            document = json.loads(_payment(books, acquirer_payment_id)["document"]) | fields
            books.execute(
                "UPDATE payments SET document = ? WHERE payment_id = ?", (json.dumps(document), acquirer_payment_id)
            )

    def charge_again(self, acquirer_payment_id: str) -> str:
        """Have it taken the same payment of ours a second time; return the acquirer's id of that."""
        again = f"{acquirer_payment_id[:-1]}x"
        with self._writing() as books:
            row = _payment(books, acquirer_payment_id)
            document = json.loads(row["document"]) | {"payment_id": again, "refunded_minor": 0}
            _insert(books, row | {"payment_id": again, "document": json.dumps(document)})
        return again

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as books, books:
            books.row_factory = sqlite3.Row
            yield books


class CookedRegion:
    """A region's ledger, which its own program can only append to."""

    def __init__(self, file: Path, /) -> None:
        self._file = file

    def change(self, payment_id: str, *, amount_minor: int) -> None:
        """Have it credited another sum."""
        with closing(sqlite3.connect(self._file, timeout=10)) as books, books:
            guards = books.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                books.execute(f"DROP TRIGGER {name}")
            done = books.execute(
                "UPDATE ledger SET amount_minor = ? WHERE kind = 'payment' AND external_id = ?",
                (amount_minor, payment_id),
            )
            assert done.rowcount == 1
            for _, text in guards:
                books.execute(text)


def _payment(books: sqlite3.Connection, acquirer_payment_id: str) -> Row:
    return dict(books.execute("SELECT * FROM payments WHERE payment_id = ?", (acquirer_payment_id,)).fetchone())


def _insert(books: sqlite3.Connection, row: Row) -> None:
    places = ", ".join("?" * len(row))
    books.execute(f"INSERT INTO payments ({', '.join(row)}) VALUES ({places})", tuple(row.values()))
