"""The worker that the messaging tests run as a process of its own, so that eventlet stays out of pytest.

`python -m tests.chassis.inbox_worker` with SERVICE, EVENT, AMQP_URL, MONGO_URL, MONGO_DATABASE, EVENT_SCHEMAS and
LADDER_S in the environment. What the handler does, the event says: `work`, `fail`, `fail_twice`, `refuse`, `wait`
(until released) or `die`.
"""

# ruff: noqa: E402  nothing may be imported before the patching
import os

os.environ["EVENTLET_NO_GREENDNS"] = "yes"

import eventlet

eventlet.monkey_patch()

import logging
import time
from functools import partial
from pathlib import Path
from typing import Any

from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.consumer import build_worker, run_worker
from services.chassis.events import Envelope, EventSchemas, PermanentError
from services.chassis.inbox import Inbox
from services.chassis.mongo import connect

Document = dict[str, Any]


class Laboratory:
    """Writes down each call, and each effect once."""

    def __init__(self, database: Database[Document]) -> None:
        self._calls = database["calls"]
        self._effects = database["effects"]
        self._releases = database["releases"]
        self._ticks = database["ticks"]
        self._inbox = Inbox(database, clock=SystemClock())

    def handle(self, envelope: Envelope) -> None:
        number = envelope.data["number"]
        before = self._calls.count_documents({"number": number})
        self._calls.insert_one({"number": number, "message_id": envelope.message_id, "pid": os.getpid()})
        self._behave(envelope.data["behaviour"], before)
        self._inbox.once(envelope, lambda session: self._effects.insert_one({"number": number}, session=session))

    def tick(self) -> None:
        """Fail at every tick, which must not stop the next."""
        self._ticks.insert_one({"pid": os.getpid()})
        raise RuntimeError("a timer that fails")

    def _behave(self, behaviour: str, before: int) -> None:
        match behaviour:
            case "fail":
                raise RuntimeError("secret@example.org")
            case "fail_twice" if before < 2:
                raise RuntimeError("not yet")
            case "refuse":
                raise PermanentError("never")
            case "wait" if before == 0:
                while self._releases.find_one() is None:
                    time.sleep(0.05)
            case "die":
                os._exit(9)


def main() -> None:
    environment = os.environ
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    database = connect(environment["MONGO_URL"], app_name="inbox-worker")[environment["MONGO_DATABASE"]]
    laboratory = Laboratory(database)
    worker = build_worker(
        environment["SERVICE"],
        amqp_url=environment["AMQP_URL"],
        bindings={environment["EVENT"]: laboratory.handle},
        timers={"now_and_then": (0.2, partial(laboratory.tick))},
        schemas=EventSchemas(Path(environment["EVENT_SCHEMAS"])),
        ladder=[float(step) for step in environment["LADDER_S"].split(",")],
    )
    run_worker(worker, amqp_url=environment["AMQP_URL"], grace_s=15.0)


if __name__ == "__main__":
    main()
