"""Fixtures of the tests of accounts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.accounts.integration.cabinet import Cabinet
from tests.support.neighbourhood import Neighbourhood


@pytest.fixture
def neighbourhood(tmp_path: Path) -> Iterator[Neighbourhood]:
    subject = Neighbourhood(tmp_path)
    yield subject
    subject.stop()


@pytest.fixture
def cabinet(neighbourhood: Neighbourhood, mongo_url: str, database: Database[dict[str, Any]]) -> Iterator[Cabinet]:
    """The server with one region; the dispatcher when a test starts it."""
    subject = Cabinet(neighbourhood, mongo_url, database.name)
    subject.start()
    yield subject
    subject.stop()
