"""Running the services' own commands, each with its service's settings, and reading the lines that they print."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.audit.books import Line
from deploy.local.ports import Ports
from deploy.local.processes import all_processes
from deploy.local.suite import ROOT, NotStarted, Suite, clean_environment

_UNDERSTOOD = frozenset({0, 2})


class NotRead(Exception):
    """A command failed; the text is its complaint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How the commands of one service are run: `command` is what the name of the operation is put behind."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def lines(self, *operation: str) -> Iterator[Line]:
        """Yield what an operation prints. One that ends with 2 says in its lines what it could not read.

        Raises NotRead at the end when it fails otherwise.
        """
        with tempfile.TemporaryFile("w+") as complaints:
            process = subprocess.Popen(
                [*self.command, *operation],
                cwd=ROOT,
                env=clean_environment() | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
            with process:
                assert process.stdout is not None, "it was asked for"
                yield from map(json.loads, process.stdout)
            if process.returncode not in _UNDERSTOOD:
                complaints.seek(0)
                raise NotRead(_last_line(complaints.read()) or f"ended with {process.returncode}")


def local_services(*, run_dir: Path, port_base: int) -> tuple[Service, Service]:
    """Return payments and accounts as the local suite in a run folder runs them. Raises NotStarted."""
    suite = Suite(run_dir=run_dir, ports=Ports(port_base))
    if not suite.supervisor.is_running():
        raise NotStarted("nothing runs; `make up` starts it")
    environments = {process.name: process.environment for process in all_processes(suite.plan)}
    payments, accounts = (
        Service(command=(sys.executable, "-m", f"services.{name}"), environment=environments[name])
        for name in ("payments", "accounts")
    )
    return payments, accounts


def local_now(run_dir: Path, /) -> datetime:
    """Return the time by the clock of the local suite in a run folder."""
    clock = run_dir / "clock"
    ahead_s = int(clock.read_text() or 0) if clock.exists() else 0
    return datetime.now(UTC) + timedelta(seconds=ahead_s)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
