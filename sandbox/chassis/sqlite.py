"""A program's SQLite file: connections, and transactions of which one at a time writes; tables are the programs'
own."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """Connections to one file, one per thread.

    WAL with `synchronous=NORMAL`: a commit is in the file before the answer leaves, so a kill of the program loses
    nothing; only a loss of power could, which a sandbox may suffer.
    """

    def __init__(self, path: Path, /, *, schema: str) -> None:
        self._path = path
        self._local = threading.local()
        self._writing = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection().executescript(schema)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: all of it is in the file afterwards, or, if it raises, nothing.

        Writers queue at a lock of our own, which is fair and instant, where SQLite's busy handler sleeps.
        """
        connection = self._connection()
        with self._writing:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def read(self) -> sqlite3.Connection:
        """Return this thread's connection for single reading statements."""
        return self._connection()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Run several reading statements over one state of the file, whatever is written meanwhile."""
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            self._local.connection = connection
        return self._local.connection  # type: ignore[no-any-return]
