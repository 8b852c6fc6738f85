"""Makes the shared fixtures known to all tests, which are written in tests/support/, and parts the tests among the
processes of a run."""

from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

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

# By folder: what shares a running suite, the longest first. Every other file stands for itself.
_TOGETHER = ("tests/faults/", "tests/e2e/")


class _Groups(LoadScopeScheduling):
    """Keeps together what shares a running suite, and every file, when a run has several processes (`-n`)."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say who runs which tests."""
    return _Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it in the end."""
    items.sort(key=lambda item: _rank(_group(item.nodeid)))


def _group(nodeid: str) -> str:
    return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def _rank(group: str) -> int:
    return _TOGETHER.index(group) if group in _TOGETHER else len(_TOGETHER)
