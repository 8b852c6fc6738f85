"""The queues of a service's inbox and the confirmed moves between them; for nameko's process only, under eventlet.

Queue names and header names are wire formats: added to, never renamed.
`docs/decisions/0002-one-inbox-queue-per-service.md` says why there is one inbox queue per service.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import eventlet
import structlog
from eventlet.semaphore import Semaphore
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.message import Message

from services.chassis.events import publisher_of, to_rfc3339

_log = structlog.get_logger(__name__)
_ATTEMPTS = "x-attempts"
_ERROR = "x-error"
_FIRST_FAILED_AT = "x-first-failed-at"
_FAILED_AT = "x-failed-at"
_ANSWER_TIMEOUT_S = 10.0
_LAST_RESORT_DELIVERIES = 50

# The broker lets go of a message only when its next queue has it; at-least-once asks for reject-publish.
_QUORUM = {"x-queue-type": "quorum"}
_MOVED_SAFELY = {
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


class BrokerSilent(ConnectionError):
    """The broker took a command and gave no answer; as a ConnectionError it makes kombu connect anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxQueues:
    """The queues of one service: its inbox, a waiting queue per step of the ladder, and the dead letters."""

    service: str
    ladder_s: tuple[float, ...]

    @property
    def inbox(self) -> str:
        return f"{self.service}.inbox"

    @property
    def dead_letters(self) -> str:
        return f"{self.service}.inbox.dlq"

    def after(self, attempts: int, /) -> str:
        """Return where a message goes that has failed that many times."""
        if attempts > len(self.ladder_s):
            return self.dead_letters
        return self._waiting(self.ladder_s[attempts - 1])

    def declare(self, channel: Any, event_names: Collection[str], /) -> Queue:
        """Create whatever is missing, bind the inbox to the events, and return the inbox queue."""
        _queue(self.dead_letters, {})(channel).declare()
        for seconds in self.ladder_s:
            _queue(self._waiting(seconds), self._moved_back_after(seconds))(channel).declare()
        inbox = _queue(self.inbox, self._given_up())
        inbox(channel).declare()
        for name in event_names:
            exchange = Exchange(f"{publisher_of(name)}.events", type="topic", durable=True)
            exchange(channel).declare()
            inbox(channel).bind_to(exchange=exchange.name, routing_key=name)
        return inbox

    def _waiting(self, seconds: float) -> str:
        return f"{self.inbox}.retry.{seconds:g}s"

    def _moved_back_after(self, seconds: float) -> Mapping[str, Any]:
        return {**_MOVED_SAFELY, "x-dead-letter-routing-key": self.inbox, "x-message-ttl": int(seconds * 1000)}

    def _given_up(self) -> Mapping[str, Any]:
        """Let the broker itself give up a message that breaks the connection before it can be looked at."""
        return {
            **_MOVED_SAFELY,
            "x-dead-letter-routing-key": self.dead_letters,
            "x-delivery-limit": _LAST_RESORT_DELIVERIES,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a message was not handled; the class of the error only, since its text may hold personal data."""

    error: str
    permanent: bool


class Mover:
    """Puts failed messages where they belong, with the broker's confirm, over a connection of its own."""

    def __init__(self, amqp_url: str, queues: InboxQueues, /) -> None:
        self._amqp_url = amqp_url
        self._queues = queues
        self._one_at_a_time = Semaphore()
        self._connection: Connection | None = None

    def move(self, message: Message, failure: Failure, /) -> None:
        """Publish a copy to the next step of the ladder or to the dead letters; returns once the broker has it safely.

        The original is still unacknowledged: only after this may it be acked, so that a crash in between makes two of
        it rather than none. Keeps trying while the original is this process's; gives up when its channel is gone, since
        then the broker hands it out again.
        """
        attempts = attempts_of(message) + 1
        target = self._queues.dead_letters if failure.permanent else self._queues.after(attempts)
        headers = _headers(message, failure, attempts)
        pause_s = 0.2
        while is_ours(message):
            try:
                with self._one_at_a_time, in_time():
                    self._publish(message, target, headers)
            except Exception as error:  # kombu raises whatever the transport does; the message stays until it is moved
                _log.warning("message_not_moved_yet", target=target, error=type(error).__name__)
                eventlet.sleep(pause_s)
                pause_s = min(5.0, pause_s * 2)
            else:
                _log.warning("message_moved", target=target, error=failure.error, attempts=attempts)
                return

    def close(self) -> None:
        """Give the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def _publish(self, message: Message, target: str, headers: Mapping[str, Any]) -> None:
        """Publish with `mandatory`: a queue that is gone is a failure, not a confirmed loss."""
        try:
            channel = self._open().default_channel
            prepared = channel.prepare_message(
                body_of(message), content_type="application/json", headers=headers, properties=_properties(message)
            )
            channel.basic_publish_confirm(prepared, exchange="", routing_key=target, mandatory=True)
        except BaseException:
            self.close()
            raise

    def _open(self) -> Connection:
        if self._connection is None:
            connection = Connection(self._amqp_url)
            connection.connect()
            self._queues.declare(connection.default_channel, ())
            self._connection = connection
        return self._connection


def in_time() -> eventlet.Timeout:
    """Return a context in which the broker has to answer: a queue without a leader lets a caller wait for ever."""
    return eventlet.Timeout(_ANSWER_TIMEOUT_S, BrokerSilent("no answer in time"))


def attempts_of(message: Message, /) -> int:
    """Return how often the message has failed before; 0 for a header that nobody of us wrote."""
    attempts = message.headers.get(_ATTEMPTS)
    return attempts if type(attempts) is int and attempts > 0 else 0


def deliveries_of(message: Message, /) -> int:
    """Return how often a quorum queue has handed it out before, without an answer."""
    count = message.headers.get("x-delivery-count")
    return count if type(count) is int else 0


def body_of(message: Message, /) -> bytes:
    """Return the body as it came; kombu gives text for an empty one and for some declared encodings."""
    body = message.body
    return body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body or b"")


def is_ours(message: Message, /) -> bool:
    """Say whether the channel that brought the message still stands, so that nobody else has been given it."""
    channel = message.channel
    return channel is not None and channel.connection is not None and bool(channel.is_open)


def _queue(name: str, arguments: Mapping[str, Any]) -> Queue:
    return Queue(name, durable=True, exclusive=False, auto_delete=False, queue_arguments={**_QUORUM, **arguments})


def _headers(message: Message, failure: Failure, attempts: int) -> dict[str, Any]:
    now = to_rfc3339(datetime.now(UTC))
    first = message.headers.get(_FIRST_FAILED_AT)
    return {
        _ATTEMPTS: attempts,
        _ERROR: failure.error,
        _FIRST_FAILED_AT: first if isinstance(first, str) else now,
        _FAILED_AT: now,
    }


def _properties(message: Message) -> dict[str, Any]:
    kept: Sequence[str] = ("message_id", "type")
    return {name: message.properties[name] for name in kept if name in message.properties} | {"delivery_mode": 2}
