"""Makes the shared fixtures known to all tests; they are written in tests/support/."""

from tests.support.fixtures import (
    amqp_url,
    broker,
    database,
    mongo,
    mongo_client,
    mongo_url,
    service_name,
    suite,
)

__all__ = [
    "amqp_url",
    "broker",
    "database",
    "mongo",
    "mongo_client",
    "mongo_url",
    "service_name",
    "suite",
]
