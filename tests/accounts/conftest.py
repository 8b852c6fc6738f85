"""Fixtures of the tests of accounts."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from services.accounts.adapters import region_lines
from tests.accounts.integration.cabinet import Cabinet
from tests.support.neighbourhood import Neighbourhood

Document = dict[str, Any]


@pytest.fixture(scope="session")
def _accounts_database(mongo_client: pymongo.MongoClient[Document]) -> Iterator[Database[Document]]:
    name = f"test_accounts_{uuid.uuid4().hex}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture
def database(_accounts_database: Database[Document]) -> Iterator[Database[Document]]:
    """One database for all tests of accounts, emptied after each: making its ten indexes takes half a second."""
    yield _accounts_database
    for name in _accounts_database.list_collection_names(filter={"name": {"$not": {"$regex": "^system"}}}):
        _accounts_database[name].delete_many({})
    _accounts_database.drop_collection("system.profile")


@pytest.fixture
def neighbourhood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbourhood]:
    monkeypatch.setattr(region_lines, "_CONNECT_WITHIN_S", 10)  # whoever is slow in a test is the machine
    subject = Neighbourhood(tmp_path)
    yield subject
    subject.stop()


@pytest.fixture
def overrides() -> dict[str, Any]:
    """Settings of the cabinet that are not those of other tests; whoever needs some parametrizes this name."""
    return {}


@pytest.fixture
def cabinet(
    neighbourhood: Neighbourhood, mongo_url: str, database: Database[Document], overrides: dict[str, Any]
) -> Iterator[Cabinet]:
    """The server with one region; the dispatcher when a test starts it."""
    subject = Cabinet(neighbourhood, mongo_url, database.name, overrides=dict(overrides))
    subject.start()
    yield subject
    subject.stop()
