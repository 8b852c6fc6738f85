"""The supervisor that runs the suite: its configuration, made from the process list, and its remote control."""

import hashlib
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy  # nosec B411

from supervisor.xmlrpc import Faults, SupervisorTransport

from deploy.local.process import Process

# xmlrpc.client is no parser for strangers' XML (hence the mark above); the peer here is our own supervisor.
_SOCKET_PATH_LIMIT = 107  # sun_path of Linux without its closing zero

_HEAD = """\
; Made by deploy.local from its process list at every `up`; a change here does not last.
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
nodaemon=true
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={run_dir}/supervisord.pid
childlogdir={logs}
directory={root}
minfds=1024
identifier=kabinet

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

_PROGRAM = """
[program:{name}]
command={command}
environment={environment}
priority={priority}
autostart=false
autorestart=true
startsecs=1
startretries=1000
stopwaitsecs={stop_s}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the supervisor says about a process: `state` is RUNNING, STOPPED, BACKOFF, FATAL and so on."""

    name: str
    state: str
    description: str
    pid: int
    started_at: int


def configuration(processes: Sequence[Process], *, run_dir: Path, root: Path) -> str:
    """Return the supervisor's configuration.

    Every process is started by us, wave by wave (`autostart=false`), and comes back by itself however often it crashes.
    """
    logs = run_dir / "logs"
    head = _HEAD.format(socket=socket_path(run_dir), logs=logs, run_dir=run_dir, root=root)
    return head + "".join(_program(process, logs) for process in processes)


def socket_path(run_dir: Path) -> Path:
    """Return where the supervisor listens.

    In the run folder; in the temporary folder, under a name made from the run folder's, when the path would be longer
    than the 107 bytes that Linux allows.
    """
    # supervisord binds `<path>.<pid>` first and then renames it.
    path = run_dir / "supervisor.sock"
    if len(os.fsencode(path)) + len(".4194304") <= _SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"kabinet-{os.getuid()}-{digest}.sock"


class Supervisor:
    """The remote control of a running supervisor."""

    def __init__(self, run_dir: Path) -> None:
        """Remember where it listens; nothing is sent yet."""
        self._path = socket_path(run_dir)

    def is_running(self) -> bool:
        """Say whether it answers."""
        if not self._path.exists():
            return False
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except OSError:
            return False

    def statuses(self) -> dict[str, Status]:
        """Return all processes by name."""
        infos: list[Mapping[str, Any]] = self._call("getAllProcessInfo")
        return {
            info["name"]: Status(
                name=info["name"],
                state=info["statename"],
                description=info["description"],
                pid=info["pid"],
                started_at=info["start"],
            )
            for info in infos
        }

    def start(self, name: str) -> None:
        """Start a process, without waiting for anything; none happens when it runs already."""
        self._tolerating(Faults.ALREADY_STARTED, "startProcess", name, False)

    def stop(self, name: str) -> None:
        """Ask a process to end, without waiting for it; it stays stopped until it is started."""
        self._tolerating(Faults.NOT_RUNNING, "stopProcess", name, False)

    def signal(self, name: str, signal_name: str) -> None:
        """Send a signal such as `KILL` to a process."""
        self._tolerating(Faults.NOT_RUNNING, "signalProcess", name, signal_name)

    def shutdown(self) -> None:
        """Stop the supervisor and with it whatever still runs."""
        self._call("shutdown")

    def _tolerating(self, fault: int, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except Fault as error:
            if error.faultCode != fault:
                raise

    def _call(self, method: str, *arguments: object) -> Any:
        # A connection a call: the transport keeps one open, which does not survive a restart of the supervisor.
        transport = SupervisorTransport(None, None, f"unix://{self._path}")
        try:
            proxy: Any = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()


def _program(process: Process, logs: Path) -> str:
    environment = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(process.environment.items()))
    return _PROGRAM.format(
        name=process.name,
        command=_escaped(shlex.join(process.command)),
        environment=environment,
        priority=process.wave * 100,
        stop_s=process.stop_s,
        logs=logs,
    )


def _escaped(text: str) -> str:
    """Return the text so that the supervisor takes it as it is: `%` begins an expansion there.

    Its format has no way to write some characters; none of our settings needs them, so they are refused.
    """
    if any(character in text for character in '";#\n'):
        raise ValueError("a setting cannot hold a double quote, a semicolon, a hash or a line break")
    return text.replace("%", "%%")
