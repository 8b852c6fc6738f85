"""Fault scripts of a region: what goes wrong, in which method, for which payment or account, and how often."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from pydantic import BaseModel, ConfigDict, Field

from sandbox.chassis.sqlite import Database
from sandbox.region.refusals import Refusal

_TIMED = {"slow_ms", "hang_after_ms", "late_ms"}
_KNOWN = _TIMED | {"error_before", "error_after", "wrong_amount", "refuse"}
_LONGEST_MS = 60_000


class Script(BaseModel):
    """`POST /control/faults`: `slow_ms:800`, `hang_after_ms:5000`, `late_ms:3000`, `error_before`, `error_after`,
    `wrong_amount`, `refuse:ACCOUNT_CLOSED`. `method` ("PostPayment") and `key` (a payment id, charge id or account
    number) narrow it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: str
    method: str | None = None
    key: str | None = None
    times: int = Field(default=1, ge=1, le=1_000_000)

    def check(self) -> None:
        """Refuse an unknown fault, so that a typing error does not pass for a passed test."""
        name, _, argument = self.fault.partition(":")
        if name not in _KNOWN or (name in _TIMED and not (argument.isdecimal() and int(argument) <= _LONGEST_MS)):
            raise ValueError(f"unknown fault {self.fault!r}; known: {', '.join(sorted(_KNOWN))}")


def arm(connection: sqlite3.Connection, script: Script, /) -> None:
    """Write a script down."""
    script.check()
    connection.execute(
        "INSERT INTO faults (method, key, fault, remaining) VALUES (?, ?, ?, ?)",
        (script.method, script.key, script.fault, script.times),
    )


def disarm_all(connection: sqlite3.Connection, /) -> None:
    """Forget every script."""
    connection.execute("DELETE FROM faults")


class Faults:
    """Takes the fault of each call, if there is one, and makes it happen around what the call does."""

    def __init__(self, database: Database, /) -> None:
        self._database = database

    @contextmanager
    def around(self, *, method: str, keys: set[str]) -> Iterator[str]:
        """Run a block with the call's fault before and after it; yields the fault for what the block must do itself."""
        fault = self._take(method, keys)
        name, _, argument = fault.partition(":")
        if name == "slow_ms":
            time.sleep(int(argument) / 1000)
        if name == "error_before":
            raise Refusal(grpc.StatusCode.INTERNAL, "", "scripted failure before the effect")
        if name == "refuse":
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, argument, "scripted refusal")
        yield fault
        if name == "hang_after_ms":
            time.sleep(int(argument) / 1000)
        if name == "error_after":
            raise Refusal(grpc.StatusCode.INTERNAL, "", "scripted failure after the effect")

    def _take(self, method: str, keys: set[str]) -> str:
        found = self._fitting(self._database.read(), method, keys)
        if found is None:
            return ""
        with self._database.write() as connection:
            row = self._fitting(connection, method, keys)  # somebody else may have taken it in between
            if row is None:
                return ""
            connection.execute("UPDATE faults SET remaining = remaining - 1 WHERE fault_id = ?", (row["fault_id"],))
        fault: str = row["fault"]
        return fault

    @staticmethod
    def _fitting(connection: sqlite3.Connection, method: str, keys: set[str]) -> sqlite3.Row | None:
        rows = connection.execute(
            "SELECT * FROM faults WHERE remaining > 0 AND (method IS NULL OR method = ?) ORDER BY fault_id", (method,)
        )
        return next((row for row in rows if row["key"] is None or row["key"] in keys), None)
