"""Makes the shared fixtures known to all tests, which are written in tests/support/, and parts the tests among the
processes of a run."""

from pathlib import Path

import pytest
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

_FAULTS = Path(__file__).parent / "faults"
_LONGEST = {"faults": 0, "suite": 1}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a running suite, and every file, when a run has several processes (`-n`); the longest
    first, so that nobody waits for it in the end."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: _LONGEST.get(_group(item), len(_LONGEST)))


def _group(item: pytest.Item) -> str:
    if item.path.is_relative_to(_FAULTS):
        return "faults"
    return "suite" if "suite" in getattr(item, "fixturenames", ()) else str(item.path)
