"""Fixtures for every test; tests/conftest.py hands them to pytest.

Servers start at the first test that asks for them and stop at the end of the run.
"""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from deploy.local.ports import Ports, find_free_base
from tests.support.running_suite import RunningSuite
from tests.support.servers import Broker, Mongo

Document = dict[str, Any]


@pytest.fixture(scope="session")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    """A mongod of this run's own, for tests that kill or freeze it."""
    server = Mongo(folder=tmp_path_factory.mktemp("mongo"), port=Ports(find_free_base()).of("mongo"))
    try:
        server.start()
        yield server
    finally:
        server.kill()  # its data are of no further use


@pytest.fixture(scope="session")
def mongo_url(request: pytest.FixtureRequest) -> str:
    """Where MongoDB is: `MONGO_URL` if set, else a server of this run's own."""
    given = os.environ.get("MONGO_URL")
    if given:
        return given
    server: Mongo = request.getfixturevalue("mongo")
    return server.url


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A RabbitMQ node of this run's own. A test that stops it starts it again before it ends."""
    server = Broker(folder=tmp_path_factory.mktemp("rabbit"), ports=Ports(find_free_base()))
    try:
        server.start()
        yield server
    finally:
        server.kill()
        server.stop()


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """Where RabbitMQ is: `AMQP_URL` if set, else a node of this run's own."""
    given = os.environ.get("AMQP_URL")
    if given:
        return given
    server: Broker = request.getfixturevalue("broker")
    return server.url


@pytest.fixture(scope="session")
def mongo_client(mongo_url: str) -> Iterator[pymongo.MongoClient[Document]]:
    """One client for the whole run, with the guarantees the suite uses (majority, journal, aware times)."""
    with pymongo.MongoClient[Document](mongo_url, w="majority", journal=True, tz_aware=True) as client:
        yield client


@pytest.fixture
def database(mongo_client: pymongo.MongoClient[Document]) -> Iterator[Database[Document]]:
    """A database of this test's own, dropped after it."""
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield mongo_client[name]
    finally:
        mongo_client.drop_database(name)


@pytest.fixture
def service_name() -> str:
    """A service name nobody else uses.

    Exchanges and queues are named after the service, so a fresh name keeps tests apart on one broker at no cost; a
    virtual host per test would take rabbitmqctl, which needs seconds.
    """
    return f"test{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """A whole suite, started at the first test that asks for it. A test that stops a part starts it again."""
    running = RunningSuite(run_dir=tmp_path_factory.mktemp("suite"))
    try:
        running.up()
        yield running
    finally:
        running.down()
