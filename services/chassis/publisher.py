"""Confirmed, persistent publishing to one service's exchange; what is published is the relay's business.

pika's blocking connection waits for a confirm without any limit (a queue that has no leader never gives one), so the
asynchronous one is used, in a thread of its own: waiting is bounded, heartbeats are answered while nobody publishes,
and a batch of messages is under way at once instead of one fsync after another.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pika
import structlog
from pika.exceptions import AMQPError

from services.chassis.outgoing import OutgoingMessage, PublishFailed

_log = structlog.get_logger(__name__)


class Publisher:
    """Publishes to one topic exchange, over one connection that is replaced after any failure.

    For one caller at a time. Connects at the first use; how long to wait after a failure is the caller's business.
    """

    def __init__(self, amqp_url: str, /, *, exchange: str, timeout_s: float = 10.0) -> None:
        self._amqp_url = amqp_url
        self._exchange = exchange
        self._timeout_s = timeout_s
        self._link: _Link | None = None

    def publish(self, messages: Sequence[OutgoingMessage], /) -> frozenset[str]:
        """Return the ids of those that the broker has safely, after `timeout_s` at the latest.

        A message that no queue is bound for is confirmed and gone: nobody asked for that fact yet. Never raises for
        what the broker does; whatever is missing from the answer is to be published again.
        """
        if not messages:
            return frozenset()
        try:
            batch = self._open().send(messages)
        except (AMQPError, OSError, TimeoutError) as error:
            self._give_up(type(error).__name__)
            return frozenset()
        if not batch.ended.wait(self._timeout_s):
            self._give_up("no confirm in time")
        elif batch.error:
            self._give_up(batch.error)
        return frozenset(batch.confirmed)

    def close(self) -> None:
        """Give the connection up; the next publish makes a new one."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _open(self) -> "_Link":
        if self._link is None:
            self._link = _Link(self._amqp_url, self._exchange)
            self._link.start(self._timeout_s)
        return self._link

    def _give_up(self, error: str) -> None:
        _log.warning("publishing_interrupted", exchange=self._exchange, error=error)
        self.close()


@dataclass(slots=True)
class _Batch:
    """Messages under way together; `ended` once each is answered, or none will be any more."""

    left: int
    confirmed: set[str] = field(default_factory=set)
    error: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def answer(self, message_id: str, confirmed: bool) -> None:
        self.left -= 1
        if confirmed:
            self.confirmed.add(message_id)
        else:
            self.error = "refused by the broker"
        if self.left == 0:
            self.ended.set()

    def abort(self, error: str) -> None:
        self.error = error
        self.ended.set()


class _Link:
    """One connection and its thread. Everything named `_on_...`, and `_publish`, runs in that thread alone."""

    def __init__(self, amqp_url: str, exchange: str) -> None:
        self._parameters = _parameters(amqp_url)
        self._exchange = exchange
        self._ready: Future[None] = Future()
        self._under_way: dict[int, tuple[_Batch, str]] = {}
        self._last_tag = 0
        self._error = ""
        self._running = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._thread = threading.Thread(target=self._run, name=f"publisher-{exchange}", daemon=True)

    def start(self, timeout_s: float) -> None:
        """Connect, declare the exchange and switch confirms on; raises what goes wrong."""
        self._thread.start()
        self._ready.result(timeout_s)

    def send(self, messages: Sequence[OutgoingMessage]) -> _Batch:
        batch = _Batch(left=len(messages))
        if not self._tell(lambda: self._publish(messages, batch)):
            batch.abort(self._error)
        return batch

    def close(self) -> None:
        if self._tell(self._on_close_wanted):
            self._thread.join(1.0)  # a broker that does not answer keeps it until the heartbeat gives up

    def _tell(self, action: Callable[[], None]) -> bool:
        """Have the thread do it; False when it has ended."""
        with self._running:
            if self._connection is None:
                return False
            self._connection.ioloop.add_callback_threadsafe(action)
            return True

    def _run(self) -> None:
        self._connection = connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._on_channel),
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        connection.ioloop.start()
        with self._running:
            self._connection = None
            connection.ioloop.close()

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.exchange_declare(self._exchange, exchange_type="topic", durable=True, callback=self._on_declared)

    def _on_declared(self, _frame: Any) -> None:
        self._channel.confirm_delivery(self._on_answer, callback=lambda _: self._ready.set_result(None))

    def _publish(self, messages: Sequence[OutgoingMessage], batch: _Batch) -> None:
        if self._error or not self._channel.is_open:
            batch.abort(self._error or "channel closed")
            return
        for message in messages:
            self._last_tag += 1
            self._under_way[self._last_tag] = (batch, message.message_id)
            self._channel.basic_publish(self._exchange, message.name, message.body, _properties(message))

    def _on_answer(self, frame: Any) -> None:
        answer = frame.method
        last: int = answer.delivery_tag
        tags = [tag for tag in self._under_way if tag <= last] if answer.multiple else [last]
        for tag in tags:
            batch, message_id = self._under_way.pop(tag)
            batch.answer(message_id, isinstance(answer, pika.spec.Basic.Ack))

    def _on_channel_closed(self, _channel: Any, _reason: Exception) -> None:
        self._on_close_wanted()

    def _on_close_wanted(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def _on_lost(self, connection: Any, reason: Exception) -> None:
        self._error = type(reason).__name__
        if not self._ready.done():
            self._ready.set_exception(reason)
        for batch, _ in self._under_way.values():
            batch.abort(self._error)
        connection.ioloop.stop()


def exchange_of(service: str, /) -> str:
    """Return the name of the topic exchange of a service's events."""
    return f"{service}.events"


def _parameters(amqp_url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(amqp_url)
    parameters.heartbeat = 30
    parameters.blocked_connection_timeout = 10
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.connection_attempts = 1
    return parameters


def _properties(message: OutgoingMessage) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent.value,
        message_id=message.message_id,
        type=message.name,
    )


__all__ = ["OutgoingMessage", "PublishFailed", "Publisher", "exchange_of"]
