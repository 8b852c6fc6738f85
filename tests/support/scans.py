"""What MongoDB read a whole collection for, as its profiler tells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database


@contextmanager
def scans_of(database: Database[dict[str, Any]], /) -> Iterator[list[str]]:
    """Watch a database; once this is left, the list names the kind and the collection of each operation that found no
    index. A collection without documents is never scanned."""
    found: list[str] = []
    database.command("profile", 2)
    try:
        yield found
    finally:
        database.command("profile", 0)
    rows = database["system.profile"].find({"planSummary": "COLLSCAN"})
    found += [f"{row['op']} {row['ns'].partition('.')[2]}" for row in rows]
