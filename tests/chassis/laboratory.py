"""One service's inbox under test: its worker process, what is sent to it and what became of it."""

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pymongo.database import Database

from services.chassis.events import encode
from tests.support.polling import eventually
from tests.support.servers import Server

Document = dict[str, Any]
A_MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

_SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "behaviour": {"type": "string"}},
    "required": ["number", "behaviour"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter."""

    body: bytes
    headers: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Laboratory:
    """Sends events to a worker and reads what it did."""

    service: str
    amqp_url: str
    mongo_url: str
    database: Database[Document]
    folder: Path
    ladder_s: str = "0.2,0.4"
    workers: list[Server] = field(default_factory=list)

    @property
    def publisher(self) -> str:
        return f"{self.service}_source"

    @property
    def event(self) -> str:
        return f"{self.publisher}.thing_happened.v1"

    @property
    def exchange(self) -> str:
        return f"{self.publisher}.events"

    @property
    def inbox(self) -> str:
        return f"{self.service}.inbox"

    @property
    def dead_letter_queue(self) -> str:
        return f"{self.service}.inbox.dlq"

    @property
    def queues(self) -> list[str]:
        """All queues of the service, in the order in which they are made."""
        waiting = [f"{self.inbox}.retry.{step}s" for step in self.ladder_s.split(",")]
        return [self.dead_letter_queue, *waiting, self.inbox]

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("worker-*.log"))

    def start_worker(self) -> Server:
        """Start one more replica and wait until it consumes."""
        schemas = self.folder / "schemas" / self.publisher
        schemas.mkdir(parents=True, exist_ok=True)
        for event in ("thing_happened", "thing_without_handler"):
            (schemas / f"{event}.v1.json").write_text(json.dumps(_SCHEMA))
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = Server([sys.executable, "-m", "tests.chassis.inbox_worker"], log=log, environment=self._environment())
        self.workers.append(worker)
        worker.start()
        eventually(lambda: not worker.is_running() or "worker_ready" in log.read_text(), timeout_s=30)
        assert worker.is_running(), log.read_text()
        return worker

    def stop(self) -> None:
        """End the workers and delete the queues, which a broker that starts again would have to recover."""
        for worker in self.workers:
            worker.stop()
        with suppress(AMQPError), _channel(self.amqp_url) as channel:  # a broker that is away has failed its test
            for queue in self.queues:
                channel.queue_delete(queue)

    def send(self, number: int, behaviour: str = "work", *, message_id: str | None = None) -> None:
        self.send_raw(self.body(number, behaviour, message_id=message_id))

    def body(self, number: int, behaviour: str = "work", *, message_id: str | None = None, name: str = "") -> bytes:
        return encode(
            {
                "_id": message_id or f"evt_{uuid.uuid4().hex}",
                "name": name or self.event,
                "aggregate_id": f"thing_{number}",
                "occurred_at": A_MORNING,
                "data": {"number": number, "behaviour": behaviour},
            }
        )

    def send_raw(self, body: bytes, **properties: Any) -> None:
        with _channel(self.amqp_url) as channel:
            channel.confirm_delivery()
            channel.basic_publish(
                self.exchange, self.event, body, pika.BasicProperties(delivery_mode=2, **properties), mandatory=True
            )

    def calls(self, number: int) -> int:
        return self.database["calls"].count_documents({"number": number})

    def effects(self) -> list[int]:
        return sorted(document["number"] for document in self.database["effects"].find())

    def dead_letters(self) -> list[Letter]:
        """Return the dead letters without removing them."""
        with _channel(self.amqp_url) as channel:
            return list(_letters(channel, self.dead_letter_queue))

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        with _channel(self.amqp_url) as channel:
            count: int = channel.queue_declare(queue, passive=True).method.message_count
            return count

    def consumers(self) -> int:
        """Return how many consume from the inbox."""
        with _channel(self.amqp_url) as channel:
            count: int = channel.queue_declare(self.inbox, passive=True).method.consumer_count
            return count

    def _environment(self) -> dict[str, str]:
        return {
            "SERVICE": self.service,
            "EVENT": self.event,
            "AMQP_URL": self.amqp_url,
            "MONGO_URL": self.mongo_url,
            "MONGO_DATABASE": self.database.name,
            "EVENT_SCHEMAS": str(self.folder / "schemas"),
            "LADDER_S": self.ladder_s,
            "PYTHONWARNINGS": "ignore",
            "PYTHONUNBUFFERED": "1",
        }


@contextmanager
def _channel(amqp_url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def _letters(channel: BlockingChannel, queue: str) -> Iterator[Letter]:
    """Take everything unacknowledged; the end of the channel puts it back."""
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return
        yield Letter(body=body, headers=properties.headers or {})
