"""Fixtures of the chassis' messaging tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.inbox import Inbox
from tests.chassis.laboratory import Laboratory

Document = dict[str, Any]


@pytest.fixture
def laboratory(
    service_name: str, amqp_url: str, mongo_url: str, database: Database[Document], tmp_path: Path
) -> Iterator[Laboratory]:
    """A service of this test's own, with its worker not yet started."""
    Inbox(database, clock=SystemClock()).ensure_index()
    database.create_collection("effects")  # made beforehand, so that no transaction has to
    subject = Laboratory(
        service=service_name, amqp_url=amqp_url, mongo_url=mongo_url, database=database, folder=tmp_path
    )
    try:
        yield subject
    finally:
        subject.stop()
