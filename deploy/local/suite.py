"""A local suite: brought up wave by wave until it is healthy, taken down the other way round."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deploy.local.leftovers import MARK, end_leftovers
from deploy.local.ports import Ports
from deploy.local.process import Process, Wave
from deploy.local.processes import Plan, all_processes, make_plan
from deploy.local.readiness import is_ready
from deploy.local.supervision import Status, Supervisor, configuration
from deploy.local.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
_STARTS_BEFORE_GIVING_UP = 3


class NotStarted(Exception):
    """The suite could not be started; the text is for whoever typed the command."""


class PartFailed(Exception):
    """A process does not come up."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        """Say which one and why; `log` holds what it said last."""
        super().__init__(f"{name} {reason}")
        self.name = name
        self.log = log


class Suite:
    """One suite in its run folder, on its ports."""

    def __init__(
        self,
        *,
        run_dir: Path,
        ports: Ports,
        settings: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Remember what to run; nothing is written or started yet.

        `settings` are added to the environment of every process, `launcher` is put before the supervisor's command, and
        `report` gets one line of progress a part.
        """
        self.plan: Plan = make_plan(run_dir=run_dir, ports=ports)
        self.supervisor = Supervisor(self.plan.run_dir)
        self._settings = dict(settings or {}) | {MARK: str(self.plan.run_dir)}
        self._launcher = tuple(launcher)
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None

    def up(self, names: Iterable[str] = (), *, timeout_s: float = 90) -> bool:
        """Start what does not run (all processes, or the named ones and the data stores) and wait until it is ready.

        Returns False when everything ran already. Raises NotStarted and PartFailed; what was started by then goes on.
        """
        processes = self._processes()
        wanted = _select(processes, set(names))
        if not self._configured(processes):
            self.down()
        if not self.supervisor.is_running():
            self._start_supervisor(processes)
        running = {name for name, status in self.supervisor.statuses().items() if status.state == "RUNNING"}
        missing = [process for process in wanted if process.name not in running]
        for _, wave in itertools.groupby(wanted, key=lambda process: process.wave):
            self._start_wave(list(wave), timeout_s=timeout_s)
        return bool(missing)

    def down(self) -> bool:
        """Stop everything; returns False when nothing ran."""
        if not self.supervisor.is_running():
            return self._bury()
        statuses = self.supervisor.statuses()
        known = [process for process in self._processes() if process.name in statuses]
        for wave in sorted(Wave, reverse=True):
            self.stop_all([process.name for process in known if process.wave == wave])
        self.supervisor.shutdown()
        wait_until(lambda: not self.supervisor.is_running(), what="the supervisor has ended", timeout_s=30)
        self._bury()
        return True

    def stop_all(self, names: Sequence[str]) -> None:
        """Stop processes side by side and wait until they have ended."""
        self._named(names)
        for name in names:
            self.supervisor.stop(name)
        wait_until(
            lambda: not any(self.supervisor.statuses()[name].pid for name in names),
            what=f"{', '.join(names)} stopped",
            timeout_s=60,
        )

    def start(self, *names: str, timeout_s: float = 60) -> None:
        """Start processes by name and wait until each is ready."""
        self._start_wave(self._named(names), timeout_s=timeout_s)

    def restart(self, *names: str, timeout_s: float = 60) -> None:
        """Stop processes cleanly, start them again and wait until each is ready.

        Without names: everything but the data stores, as after a change of the code.
        """
        wanted = names or [process.name for process in self._processes() if process.wave != Wave.DATA]
        self.stop_all(wanted)
        self.start(*wanted, timeout_s=timeout_s)

    def wait_ready(self, process: Process, *, timeout_s: float) -> None:
        """Wait until a process is ready; raises PartFailed when it does not get there or keeps ending."""
        began = time.monotonic()
        starts: set[int] = set()
        while not (self._is_up(process, starts) and is_ready(process.ready)):
            if time.monotonic() - began > timeout_s:
                raise PartFailed(process.name, f"is not ready after {timeout_s:g} s", self.log_of(process.name))
            time.sleep(0.1)
        self._report(f"  {process.name:<20} ready after {time.monotonic() - began:.1f} s")

    def log_of(self, name: str) -> Path:
        """Return the file with the output of a process."""
        return self.plan.run_dir / "logs" / f"{name}.log"

    def _processes(self) -> list[Process]:
        self.plan.keys.make()
        return [
            replace(process, environment={**process.environment, **self._settings})
            for process in all_processes(self.plan)
        ]

    def _named(self, names: Iterable[str]) -> list[Process]:
        """Return processes of a running suite by name; raises NotStarted when there is nothing to work on."""
        if not self.supervisor.is_running():
            raise NotStarted("nothing runs; `make up` starts it")
        return _select(self._processes(), set(names), with_data=False)

    def _start_wave(self, wave: Sequence[Process], *, timeout_s: float) -> None:
        for process in wave:
            self.supervisor.start(process.name)
        for process in wave:
            self.wait_ready(process, timeout_s=timeout_s)

    def _is_up(self, process: Process, starts: set[int]) -> bool:
        """Say whether the process runs; `starts` gathers when it was started, which tells one that keeps ending."""
        status = self.supervisor.statuses()[process.name]
        starts |= {status.started_at} - {0}
        ended = status.state == "BACKOFF" and len(starts) == _STARTS_BEFORE_GIVING_UP
        # A process that lives for a second or more before it ends is never in BACKOFF; it is just started once more.
        if status.state == "FATAL" or ended or len(starts) > _STARTS_BEFORE_GIVING_UP:
            raise PartFailed(process.name, "does not stay up", self.log_of(process.name))
        return status.state in {"RUNNING", "STARTING"}

    def _configured(self, processes: Sequence[Process]) -> bool:
        """Say whether the running supervisor, if any, was started for this very process list."""
        file = self.plan.run_dir / "supervisord.conf"
        return not file.exists() or file.read_text() == self._configuration(processes)

    def _configuration(self, processes: Sequence[Process]) -> str:
        return configuration(processes, run_dir=self.plan.run_dir, root=ROOT)

    def _start_supervisor(self, processes: Sequence[Process]) -> None:
        end_leftovers(self.plan.run_dir)
        taken = self.plan.ports.taken()
        if taken:
            listed = ", ".join(f"{self.plan.ports.of(name)} ({name})" for name in taken)
            raise NotStarted(f"something else listens on {listed}; choose other ports with --port-base")
        (self.plan.run_dir / "logs").mkdir(parents=True, exist_ok=True)
        file = self.plan.run_dir / "supervisord.conf"
        file.touch(mode=0o600)  # it holds secrets
        file.write_text(self._configuration(processes))
        with (self.plan.run_dir / "logs" / "supervisord.out").open("ab") as output:
            self._child = subprocess.Popen(
                [*self._launcher, sys.executable, "-m", "supervisor.supervisord", "-c", str(file)],
                cwd=ROOT,
                env=clean_environment() | {MARK: str(self.plan.run_dir)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal is for `up`, not for the suite
            )
        wait_until(self.supervisor.is_running, what="the supervisor answers", timeout_s=20)

    def _bury(self) -> bool:
        """End what outlived the supervisor, and take the exit code of one that this very object started."""
        found = end_leftovers(self.plan.run_dir)
        if self._child is not None:
            self._child.wait(timeout=30)
            self._child = None
        return found


def _select(processes: Sequence[Process], names: set[str], *, with_data: bool = True) -> list[Process]:
    unknown = names - {process.name for process in processes}
    if unknown:
        raise NotStarted(f"no such part: {', '.join(sorted(unknown))}")
    if not names and with_data:
        return list(processes)
    return [process for process in processes if process.name in names or (with_data and process.wave == Wave.DATA)]


def clean_environment() -> dict[str, str]:
    """Return our environment without settings: a process gets its settings from the process list alone."""
    return {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_ADDRESS", "_LISTEN"))}


def describe(statuses: Iterable[Status]) -> str:
    """Return a table of the processes."""
    return "\n".join(f"{status.name:<20} {status.state:<9} {status.description}" for status in statuses)
