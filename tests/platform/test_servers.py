"""The servers that tests stand on behave as the real ones of a deployment do."""

from typing import Any

import pika
from pika.exceptions import AMQPError
from pymongo.database import Database

from tests.support import eventually
from tests.support.servers import Broker


def test_mongo_is_a_replica_set_that_knows_transactions(database: Database[dict[str, Any]]) -> None:
    things = database["things"]

    with database.client.start_session() as session, session.start_transaction():
        things.insert_one({"_id": "a"}, session=session)

    assert things.count_documents({}) == 1


def test_broker_keeps_confirmed_messages_over_a_kill(broker: Broker, service_name: str) -> None:
    _publish_confirmed(broker.url, queue=service_name, body=b"survivor")
    broker.wait_until_remembered(service_name)

    broker.kill()
    broker.wait_until_gone()
    broker.start()

    assert eventually(lambda: _take(broker.url, queue=service_name)) == b"survivor"


def _publish_confirmed(url: str, *, queue: str, body: bytes) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))
    connection.close()


def _take(url: str, *, queue: str) -> bytes | None:
    """Return a message, None when there is none or its queue has no leader yet. The queue keeps it."""
    try:
        connection = pika.BlockingConnection(pika.URLParameters(url))
        try:
            _, _, body = connection.channel().basic_get(queue)
        finally:
            connection.close()
    except AMQPError:
        return None
    assert body is None or isinstance(body, bytes)
    return body
