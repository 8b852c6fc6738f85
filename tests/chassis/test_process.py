"""A service's process ends when it is told to, whatever it was doing."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import eventually
from tests.support.servers import Server


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "idle.log"


@pytest.fixture
def process(log: Path) -> Iterator[Server]:
    server = Server([sys.executable, "-m", "tests.chassis.idle", "dispatcher"], log=log)
    server.start()
    eventually(lambda: "started" in log.read_text())
    yield server
    server.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order_when_told_to(process: Server, log: Path, number: signal.Signals) -> None:
    process.signal(number)

    eventually(lambda: not process.is_running())
    assert "stopped" in log.read_text()


def test_ends_in_order_when_it_is_told_to_while_it_is_frozen(process: Server, log: Path) -> None:
    process.signal(signal.SIGSTOP)
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGCONT)

    eventually(lambda: not process.is_running())
    assert "stopped" in log.read_text()
