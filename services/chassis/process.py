"""The main function of a service's process: which roles it plays, and how it ends; what a role does is the
entrypoints'."""

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

_ROLES = {"grpc": "servicer", "dispatcher": "dispatcher", "worker": "worker"}


class Running(Protocol):
    """A role that was started."""

    def stop(self, *, grace_s: float) -> object:
        """End within about `grace_s` seconds."""
        ...


def run_service(package: str, /, *, roles: Sequence[str], arguments: Sequence[str] | None = None) -> None:
    """Play the roles named on the command line until SIGTERM or SIGINT, or do one operation and end with its status.

    `<package>.entrypoints.<servicer|dispatcher>` has `start() -> Running`; `<package>.entrypoints.worker` has `run()`,
    which returns when it was told to stop. A worker is alone in its process: it lives under eventlet, where gRPC
    cannot. What begins with no role is for `<package>.entrypoints.operations`, where a service has one: `run(arguments)
    -> int` does what an operator does by hand.
    """
    wanted = list(sys.argv[1:] if arguments is None else arguments)
    if wanted and wanted[0] not in roles and find_spec(f"{package}.entrypoints.operations"):
        sys.exit(_operate(package, wanted))
    problem = _problem(wanted, roles)
    if problem:
        sys.exit(f"python -m {package} {'|'.join(roles)}: {problem}")
    if wanted == ["worker"]:
        _run_worker(package)
    else:
        _run_threads(package, wanted)


def _problem(wanted: Sequence[str], roles: Sequence[str]) -> str:
    unknown = sorted(set(wanted) - set(roles))
    if unknown:
        return f"no such role: {', '.join(unknown)}"
    if not wanted:
        return "name at least one role"
    if "worker" in wanted and len(wanted) > 1:
        return "worker shares no process: gRPC hangs under eventlet"
    return ""


def _operate(package: str, arguments: Sequence[str]) -> int:
    """Do what an operator asks for. What it finds goes to the standard output, its log to the error output."""
    from services.chassis import logs

    settings = importlib.import_module(f"{package}.config").load()
    logs.configure(service=package.rpartition(".")[2], level=settings.log_level, to=sys.stderr)
    status: int = importlib.import_module(f"{package}.entrypoints.operations").run(arguments)
    return status


def _run_worker(package: str) -> None:
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")  # the system's resolver knows /etc/hosts and search domains
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported that opens a socket or starts a thread
    importlib.import_module(f"{package}.entrypoints.worker").run()


class _StopSignal:
    """SIGTERM and SIGINT, whichever thread the system gives them to.

    Python runs handlers in the main thread and does not wake it for one. The system mostly gives a signal to that very
    thread, but a process that was frozen when it was told to end gets it in any. What always happens is that Python
    writes a byte to its wake-up descriptor, so that is what is waited for.
    """

    def __init__(self) -> None:
        """Listen from now on; for the main thread."""
        self._heard, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Return once there was one."""
        os.read(self._heard, 1)


def _run_threads(package: str, wanted: Sequence[str]) -> None:
    stopping = _StopSignal()
    settings = importlib.import_module(f"{package}.config").load()
    _observe(package, settings.log_level, settings.metrics_listen)
    running: list[Running] = [
        importlib.import_module(f"{package}.entrypoints.{_ROLES[role]}").start() for role in wanted
    ]
    stopping.wait()
    for role in reversed(running):
        role.stop(grace_s=settings.grace_s)


def _observe(package: str, log_level: str, metrics_listen: str) -> None:
    from services.chassis import logs

    logs.configure(service=package.rpartition(".")[2], level=log_level)
    if metrics_listen:
        from prometheus_client import start_http_server

        host, _, port = metrics_listen.rpartition(":")
        start_http_server(int(port), addr=host)
