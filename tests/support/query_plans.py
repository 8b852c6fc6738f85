"""How MongoDB went about the queries of a block: whether it read along an index or through everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database


@contextmanager
def query_plans(database: Database[dict[str, Any]]) -> Iterator[list[str]]:
    """Gather the plan of each query to the database, those of updates too; the list is full when the block ends."""
    plans: list[str] = []
    database.command("profile", 2)
    try:
        yield plans
    finally:
        database.command("profile", 0)
    asked = {"op": {"$in": ["query", "getmore", "update"]}, "ns": {"$not": {"$regex": r"\.system\.profile$"}}}
    plans += [row["planSummary"] for row in database["system.profile"].find(asked)]
