"""Starts regions within the test's own process, sound ones and such with a bug, and stops them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conformance.region_server import Bug, RunningRegion, start_region

StartRegion = Callable[[Mapping[str, Bug]], RunningRegion]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartRegion]:
    """Start a region with these bugs."""
    running: list[RunningRegion] = []

    def start_one(bugs: Mapping[str, Bug]) -> RunningRegion:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(start_region(folder, bugs=bugs))
        return running[-1]

    yield start_one
    for region in running:
        region.server.stop(0).wait()


@pytest.fixture
def region(start: StartRegion) -> RunningRegion:
    """A region without bugs."""
    return start({})
