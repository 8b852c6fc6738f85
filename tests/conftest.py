"""Makes the shared fixtures known to all tests; they are written in tests/support/."""

from hypothesis import settings

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

settings.register_profile("suite", deadline=None)  # a busy machine is no failure
settings.load_profile("suite")
