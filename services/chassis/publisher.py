"""Confirmed, persistent publishing to one service's exchange; what is published is the relay's business."""

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

_log = structlog.get_logger(__name__)


class PublishFailed(Exception):
    """The broker did not confirm: the message may or may not have arrived, and is to be published again."""


def exchange_of(service: str, /) -> str:
    """Return the name of the topic exchange of a service's events."""
    return f"{service}.events"


class Publisher:
    """One connection, used by one thread, with publisher confirms.

    Not safe to share between threads: pika's connection is not. After any failure the connection is thrown away and the
    next call makes a new one; how long to wait in between is the caller's business.
    """

    def __init__(self, amqp_url: str, /, *, exchange: str) -> None:
        self._amqp_url = amqp_url
        self._exchange = exchange
        self._channel: BlockingChannel | None = None

    def publish(self, *, name: str, message_id: str, body: bytes) -> None:
        """Return once the broker has the message safely; raises PublishFailed when that is not certain.

        A message that no queue is bound for is confirmed and gone: nobody asked for that fact yet.
        """
        try:
            self._open_channel().basic_publish(self._exchange, name, body, _properties(name, message_id))
        except (AMQPError, OSError) as error:
            self.close()
            raise PublishFailed(type(error).__name__) from error

    def keep_alive(self) -> None:
        """Answer the broker's heartbeats; to be called every few seconds while there is nothing to publish."""
        if self._channel is None:
            return
        try:
            self._channel.connection.process_data_events(0)
        except (AMQPError, OSError) as error:
            _log.info("publisher_connection_lost", error=type(error).__name__)
            self.close()

    def close(self) -> None:
        """Give the connection up; the next publish makes a new one."""
        channel, self._channel = self._channel, None
        if channel is None:
            return
        try:
            channel.connection.close()
        except (AMQPError, OSError):
            _log.debug("publisher_connection_was_gone")

    def _open_channel(self) -> BlockingChannel:
        if self._channel is None:
            connection = pika.BlockingConnection(_parameters(self._amqp_url))
            channel = connection.channel()
            channel.exchange_declare(self._exchange, exchange_type="topic", durable=True)
            channel.confirm_delivery()
            self._channel = channel
        return self._channel


def _parameters(amqp_url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(amqp_url)
    parameters.heartbeat = 30
    parameters.blocked_connection_timeout = 10
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.connection_attempts = 1
    return parameters


def _properties(name: str, message_id: str) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent.value,
        message_id=message_id,
        type=name,
    )
