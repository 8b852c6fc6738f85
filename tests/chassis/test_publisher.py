"""The publisher on a real broker: confirmed means safe, and waiting has an end."""

import os
import signal
import time
from collections.abc import Iterator

import pika
import pytest

from services.chassis.publisher import OutgoingMessage, Publisher, exchange_of
from tests.support.polling import eventually
from tests.support.servers import Broker


@pytest.fixture
def publisher(amqp_url: str, service_name: str) -> Iterator[Publisher]:
    subject = Publisher(amqp_url, exchange=exchange_of(service_name), timeout_s=30)
    yield subject
    subject.close()


@pytest.fixture
def impatient(amqp_url: str, service_name: str) -> Iterator[Publisher]:
    """A publisher that waits no longer than two seconds, so that it may be in vain on a busy machine too."""
    subject = Publisher(amqp_url, exchange=exchange_of(service_name), timeout_s=2)
    yield subject
    subject.close()


def make_messages(service: str, count: int) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(message_id=f"evt_{number}", name=f"{service}.thing_happened.v1", body=b"{}")
        for number in range(count)
    ]


def ids(messages: list[OutgoingMessage]) -> set[str]:
    return {message.message_id for message in messages}


def test_what_is_confirmed_is_in_the_bound_queue_in_order_and_persistent(
    publisher: Publisher, amqp_url: str, service_name: str
) -> None:
    messages = make_messages(service_name, 200)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.exchange_declare(exchange_of(service_name), exchange_type="topic", durable=True)
    channel.queue_declare(service_name, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(service_name, exchange_of(service_name), f"{service_name}.thing_happened.v1")

    confirmed = publisher.publish(messages)

    assert confirmed == ids(messages)
    taken = [channel.basic_get(service_name, auto_ack=True)[1] for _ in messages]
    connection.close()
    assert [properties.message_id for properties in taken] == [message.message_id for message in messages]
    assert {properties.delivery_mode for properties in taken} == {2}
    assert {properties.type for properties in taken} == {f"{service_name}.thing_happened.v1"}


def test_a_message_that_nobody_asked_for_is_confirmed(publisher: Publisher, service_name: str) -> None:
    messages = make_messages(service_name, 3)

    assert publisher.publish(messages) == ids(messages)


def test_nothing_to_publish_takes_no_time_and_no_connection() -> None:
    started_at = time.monotonic()

    assert Publisher("amqp://nobody.invalid/", exchange="none.events").publish([]) == frozenset()

    assert time.monotonic() - started_at < 1


def test_without_a_broker_nothing_is_confirmed_and_nothing_raises(service_name: str) -> None:
    publisher = Publisher("amqp://guest:guest@127.0.0.1:1/", exchange=exchange_of(service_name), timeout_s=30)

    assert publisher.publish(make_messages(service_name, 3)) == frozenset()


def test_an_exchange_that_went_is_declared_again_by_the_next_publish(
    publisher: Publisher, amqp_url: str, service_name: str
) -> None:
    messages = make_messages(service_name, 3)
    publisher.publish(messages)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    connection.channel().exchange_delete(exchange_of(service_name))
    connection.close()

    assert publisher.publish(messages) == frozenset()
    assert publisher.publish(messages) == ids(messages)


@pytest.mark.skipif("AMQP_URL" in os.environ, reason="only a broker of this run's own may be frozen")
def test_a_frozen_broker_costs_the_time_limit_and_is_used_again_when_it_thaws(
    impatient: Publisher, broker: Broker, service_name: str
) -> None:
    messages = make_messages(service_name, 3)
    eventually(lambda: impatient.publish(messages) == ids(messages))

    def publish_in_vain() -> float:
        """Return how long it took; 0 while the broker, which does not freeze at once, still answers."""
        started_at = time.monotonic()
        return 0.0 if impatient.publish(messages) else time.monotonic() - started_at

    broker.signal(signal.SIGSTOP)
    try:
        took_s = eventually(publish_in_vain)
    finally:
        broker.signal(signal.SIGCONT)

    assert 2 <= took_s < 20
    eventually(lambda: impatient.publish(messages) == ids(messages))
