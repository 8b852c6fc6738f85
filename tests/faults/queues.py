"""The broker's queues as an intruder sees them: how full, emptied at will, fed with anything, listened in to."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pika
from pika.adapters.blocking_connection import BlockingChannel

from deploy.local import rabbit
from tests.support import eventually

SERVICES = ("accounts", "payments", "documents", "content")
_PUBLISHERS = ("identity", "accounts", "payments", "documents", "content")
_STEPS = ("1s", "10s", "60s", "600s")
_EAR = "faults.ear"
_CAPTURED = b"payments.payment_captured.v1"
_PERSISTENT = pika.BasicProperties(content_type="application/json", delivery_mode=2)
_CONTROL = str(Path(rabbit.find_server()).with_name("rabbitmqctl"))


class Queues:
    """Every queue of the suite, over a connection per visit: whoever visits may have killed the broker just before."""

    def __init__(self, amqp_url: str, *, services: Sequence[str], node: Mapping[str, str]) -> None:
        """Visit the inboxes of these services; `node` is the environment of the node, for its control program."""
        self._url = amqp_url
        self._node = {**os.environ, **node}
        self._heard: list[bytes] = []
        self.inboxes = [f"{service}.inbox" for service in services]

    def all_names(self) -> list[str]:
        """Return inboxes, steps of their ladders and dead letters."""
        return [
            name
            for inbox in self.inboxes
            for name in (inbox, *(f"{inbox}.retry.{step}" for step in _STEPS), f"{inbox}.dlq")
        ]

    def not_empty(self) -> dict[str, int]:
        """Return how many messages each queue holds, those included that somebody took and has not answered yet.

        A queue that is missing fails the test.
        """
        depths = self._listed("list_queues", "name", "messages")
        return {name: depths[name] for name in self.all_names() if depths[name]}

    def unanswered(self, name: str) -> int:
        """Return how many messages of a queue somebody took and has not answered yet."""
        return self._listed("list_queues", "name", "messages_unacknowledged")[name]

    def wait_until_taken_by_the_dozen(self, name: str) -> None:
        """Wait until the consumer of a queue takes more than one message at a time, as it does after its first."""
        eventually(lambda: self._listed("list_consumers", "queue_name", "prefetch_count").get(name, 0) > 1)

    def _listed(self, listing: str, key: str, column: str) -> dict[str, int]:
        told = self._tell(listing, "--quiet", "--formatter", "json", key, column)
        return {row[key]: row[column] for row in json.loads(told)}

    def depth(self, name: str) -> int:
        """Return how many messages wait in a queue."""
        with self._channel() as channel:
            return _depth(channel, name)

    def is_idle(self, name: str) -> bool:
        """Say whether a queue is empty and somebody listens to it."""
        with self._channel() as channel:
            declared = channel.queue_declare(name, passive=True).method
        return bool(declared.message_count == 0 and declared.consumer_count > 0)

    def purge(self) -> int:
        """Empty every queue and return how many messages that cost."""
        with self._channel() as channel:
            return sum(int(channel.queue_purge(name).method.message_count) for name in self.all_names())

    def publish(self, queue: str, body: bytes) -> None:
        """Put a message straight into a queue, with the broker's confirm."""
        with self._channel() as channel:
            channel.confirm_delivery()
            channel.basic_publish("", queue, body, _PERSISTENT, mandatory=True)

    def take(self, queue: str) -> list[bytes]:
        """Take out all that waits in a queue and return the bodies."""
        bodies: list[bytes] = []
        with self._channel() as channel:
            while True:
                frame, _, body = channel.basic_get(queue, auto_ack=True)
                if frame is None or body is None:
                    return bodies
                bodies.append(body)

    def listen_in(self) -> None:
        """Have every event copied to a queue of ours from now on."""
        with self._channel() as channel:
            channel.queue_declare(_EAR, durable=True)
            for publisher in _PUBLISHERS:
                channel.exchange_declare(f"{publisher}.events", exchange_type="topic", durable=True)
                channel.queue_bind(_EAR, f"{publisher}.events", "#")

    def heard(self) -> list[bytes]:
        """Return everything that was published so far."""
        self._heard += self.take(_EAR)
        return self._heard

    def has_heard(self, payment_id: str) -> bool:
        """Say whether a payment's capture was published."""
        return any(payment_id.encode() in body and _CAPTURED in body for body in self.heard())

    def publish_again(self, bodies: Iterable[bytes]) -> None:
        """Publish events once more, as their publishers did: whoever is bound for one gets it again."""
        with self._channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                name = str(json.loads(body)["name"])
                channel.basic_publish(f"{name.split('.')[0]}.events", name, body, _PERSISTENT)

    @contextmanager
    def without_room(self) -> Iterator[None]:
        """Raise the broker's disk alarm: it takes nothing from publishers while this lasts."""
        self._tell("set_disk_free_limit", "1000000GB")
        try:
            yield
        finally:
            self._tell("set_disk_free_limit", "50MB")

    def _tell(self, *command: str) -> str:
        """Only the node's own control program changes limits, and tells of messages that are taken."""
        told = subprocess.run([_CONTROL, *command], env=self._node, capture_output=True, check=True, timeout=30)
        return told.stdout.decode()

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        connection = pika.BlockingConnection(pika.URLParameters(self._url))
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()


def _depth(channel: BlockingChannel, name: str) -> int:
    return int(channel.queue_declare(name, passive=True).method.message_count)
