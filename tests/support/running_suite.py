"""A whole suite for tests: the one that `make up` starts, in a folder and on ports of its own."""

import os
import shutil
import signal
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.local.ports import Ports, find_free_base
from deploy.local.suite import Suite
from deploy.local.waiting import wait_until


class RunningSuite:
    """Addresses of a suite, and the means to do it harm."""

    def __init__(self, *, run_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        """Choose ports; nothing runs yet. `settings` are added to the environment of every process."""
        self.ports = Ports(find_free_base())
        self._suite = Suite(run_dir=run_dir, ports=self.ports, settings=settings, launcher=_ending_with_us())
        self._clock = run_dir / "clock"
        self._ahead = timedelta()

    @property
    def url(self) -> str:
        """The gateway, as a browser sees it."""
        return self._suite.plan.public_url

    @property
    def mongo_url(self) -> str:
        """The suite's MongoDB."""
        return self._suite.plan.mongo_url

    @property
    def amqp_url(self) -> str:
        """The suite's broker."""
        return self._suite.plan.amqp_url

    @property
    def run_dir(self) -> Path:
        """The folder with its keys, logs and data."""
        return self._suite.plan.run_dir

    def address(self, name: str) -> str:
        """Return `host:port` of a part, by the names of deploy/local/ports.py."""
        return self.ports.address(name)

    def http(self, name: str) -> str:
        """Return the http URL of a part, such as `acquirer`."""
        return self.ports.url(name)

    def database(self, service: str) -> str:
        """Return the name of a service's database."""
        return f"{self._suite.plan.database_prefix}_{service}"

    def up(self, *names: str) -> None:
        """Start it, all of it or the named parts, and wait until it is healthy."""
        self._suite.up(names)

    def down(self) -> None:
        """Stop it."""
        self._suite.down()

    def kill(self, name: str, signal_name: str = "KILL") -> None:
        """Send a signal to a process. One that is killed comes back by itself; `start` waits until it is ready."""
        self._suite.supervisor.signal(name, signal_name)

    def kill_supervisor(self) -> None:
        """SIGKILL the supervisor alone; its processes go on without it."""
        pid = int((self.run_dir / "supervisord.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._suite.supervisor.is_running(), what="the supervisor is gone", timeout_s=10)

    def stop(self, *names: str) -> None:
        """Stop processes cleanly; they stay stopped."""
        self._suite.stop_all(names)

    def start(self, *names: str) -> None:
        """Start processes, those that run already too, and wait until each is ready."""
        self._suite.start(*names)

    def names(self) -> list[str]:
        """Return the names of all processes."""
        return list(self._suite.supervisor.statuses())

    def pid(self, name: str) -> int:
        """Return the process id, 0 when it does not run."""
        return self._suite.supervisor.statuses()[name].pid

    def log(self, name: str) -> str:
        """Return what a process has written so far."""
        return self._suite.log_of(name).read_text(errors="replace")

    def now(self) -> datetime:
        """Return what time it is in the suite."""
        return datetime.now(UTC) + self._ahead

    def move_clock(self, offset: timedelta) -> None:
        """Set how far the suite's clock is ahead of the machine's."""
        draft = self._clock.with_suffix(".draft")
        draft.write_text(str(int(offset.total_seconds())))
        draft.replace(self._clock)
        self._ahead = offset


def _ending_with_us() -> list[str]:
    """Return a prefix that ends the supervisor, and with it the suite, when the test run is killed itself."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
