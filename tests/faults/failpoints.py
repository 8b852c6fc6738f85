"""MongoDB stopped at one command: before it is executed, or after it and before its answer leaves.

mongod's own fail points, which the local suite's server has for tests (`enableTestCommands`); the services know nothing
of them. A fail point counts who has run into it, so that a test waits for exactly that.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.errors import ExecutionTimeout

from tests.support import eventually

_HELD_MS = 2_000  # at most so long after a fail point is off, a command that it had met is still held
_ASK_MS = 200


@dataclass(frozen=True, slots=True)
class FailPoint:
    """A fail point that is on, and how often it had been run into before."""

    client: "pymongo.MongoClient[dict[str, Any]]"
    name: str
    before: int

    def has_met(self, times: int) -> bool:
        """Say whether that many commands have run into it."""
        wanted = {"waitForFailPoint": self.name, "timesEntered": self.before + times, "maxTimeMS": _ASK_MS}
        try:
            self.client.admin.command(wanted)
        except ExecutionTimeout:
            return False
        return True

    def wait_for(self, times: int, *, timeout_s: float = 30) -> None:
        """Wait until that many commands have run into it."""
        eventually(lambda: self.has_met(times), timeout_s=timeout_s, every_s=0.01)


class FailPoints:
    """The fail points of one mongod."""

    def __init__(self, mongo_url: str) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            mongo_url, serverSelectionTimeoutMS=20_000
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def running(self, *, of: str, **command: Any) -> int:
        """Count the commands with such fields that a client of that name waits for at this moment."""
        named = {f"command.{field}": value for field, value in command.items()}
        stages = [{"$currentOp": {"allUsers": True, "localOps": True}}, {"$match": {"appName": of, **named}}]
        return len(list(self._client.admin.aggregate(stages)))

    @contextmanager
    def not_executed(self, *commands: str, namespace: str, of: str) -> Iterator[FailPoint]:
        """Hold each such command (`update`, `find`, ...) on a collection, then break its connection: it never runs.

        `of` is the name that the client gives itself; the driver tries again until it has no time left, and is held
        again.
        """
        data: dict[str, Any] = {
            "failCommands": list(commands),
            "namespace": namespace,
            "appName": of,
            "blockConnection": True,
            "blockTimeMS": _HELD_MS,
            "closeConnection": True,
        }
        with self._on("failCommand", data) as point:
            yield point

    @contextmanager
    def failing(self, command: str, *, namespace: str, times: int, code: int) -> Iterator[FailPoint]:
        """Answer the next such commands with an error instead of executing them."""
        data = {"failCommands": [command], "namespace": namespace, "errorCode": code}
        with self._on("failCommand", data, mode={"times": times}) as point:
            yield point

    @contextmanager
    def not_answered(self, command: str, *, namespace: str, after: int = 0) -> Iterator[None]:
        """Execute each such command on a collection and keep its answer back as long as this lasts; the first `after`
        ones are answered."""
        data = {"ns": namespace, "commands": [command]}
        with self._on("waitAfterCommandFinishesExecution", data, mode={"skip": after} if after else "alwaysOn"):
            yield

    @contextmanager
    def _on(self, name: str, data: Mapping[str, Any], mode: Any = "alwaysOn") -> Iterator[FailPoint]:
        set_to = self._client.admin.command({"configureFailPoint": name, "mode": mode, "data": data})
        try:
            yield FailPoint(self._client, name, int(set_to["count"]))
        finally:
            self._client.admin.command({"configureFailPoint": name, "mode": "off"})
