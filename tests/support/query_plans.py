"""How MongoDB went about the queries of a block: of what, and whether it read along an index or through everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database


@contextmanager
def query_plans(database: Database[dict[str, Any]]) -> Iterator[list[str]]:
    """Gather the plan of each query to the database, those of updates too; the list is full when the block ends."""
    plans: list[str] = []
    with _profiled(database, "query", "getmore", "update") as rows:
        yield plans
    plans += [row["planSummary"] for row in rows]


@contextmanager
def collections_read(database: Database[dict[str, Any]]) -> Iterator[list[str]]:
    """Gather the collection of each trip to read, in their order; the list is full when the block ends."""
    names: list[str] = []
    with _profiled(database, "query", "getmore") as rows:
        yield names
    names += [row["ns"].partition(".")[2] for row in rows]


@contextmanager
def _profiled(database: Database[dict[str, Any]], *operations: str) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    database.command("profile", 2)
    try:
        yield rows
    finally:
        database.command("profile", 0)
    asked = {"op": {"$in": operations}, "ns": {"$not": {"$regex": r"\.system\.profile$"}}}
    rows += database["system.profile"].find(asked)
