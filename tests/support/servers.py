"""MongoDB and RabbitMQ for tests: real servers of a test run's own, started by the code that `make up` uses."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from deploy.local import mongo, rabbit
from deploy.local.ports import Ports
from deploy.local.waiting import wait_until


class Server:
    """One child process in a process group of its own, with its output in a file."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Remember how to start; nothing runs yet."""
        self._command = [*_dying_with_us(), *command]
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; an AssertionError when it does not run."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start the process if it does not run."""
        if self.is_running():
            return
        with self._log.open("ab") as output:
            self._process = self._spawn(output)

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_running(self) -> bool:
        """Say whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and whatever it started."""
        if self.is_running():
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the process at once, as a power cut would, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._reap(timeout_s=10)

    def stop(self) -> None:
        """Ask the process to end and wait until it has."""
        self.signal(signal.SIGTERM)
        try:
            self._reap(timeout_s=20)
        except subprocess.TimeoutExpired:
            self.kill()

    def _reap(self, *, timeout_s: float) -> None:
        if self._process is not None:
            self._process.wait(timeout_s)
            self._process = None


class Mongo:
    """A one-member replica set in a folder of its own. It never purges: what tests date in the past stays there."""

    def __init__(self, *, folder: Path, port: int) -> None:
        """Prepare the folder; nothing runs yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self.url = mongo.url(port)
        self._port = port
        command = (*mongo.command(folder=folder, port=port), *("--setParameter", "ttlMonitorEnabled=false"))
        self._server = Server(command, log=folder / "mongod.out")

    def start(self) -> None:
        """Start it (again) and wait until it accepts writes."""
        self._server.start()
        mongo.make_ready(port=self._port)

    def kill(self) -> None:
        """SIGKILL."""
        self._server.kill()

    def stop(self) -> None:
        """Stop it cleanly."""
        self._server.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send any signal, such as SIGSTOP for a server that hangs."""
        self._server.signal(number)


class Broker:
    """A RabbitMQ node of its own. It keeps its data over `kill` and `start`, as a broker on a disk does."""

    def __init__(self, *, folder: Path, ports: Ports) -> None:
        """Write its configuration; nothing runs yet."""
        self.url = rabbit.url(ports.of("amqp"))
        self._folder = folder
        rabbit.prepare(folder=folder, port=ports.of("amqp"))
        epmd_port = ports.of("epmd")
        environment = rabbit.environment(
            folder=folder, distribution_port=ports.of("amqp-distribution"), epmd_port=epmd_port
        )
        self._epmd = Server(rabbit.epmd_command(epmd_port=epmd_port), log=folder / "epmd.out")
        self._node = Server(rabbit.node_command(), log=folder / "rabbitmq.out", environment=environment)

    def start(self, *, timeout_s: float = 60) -> None:
        """Start it (again) and wait until a client can log in."""
        self._epmd.start()
        self._node.start()
        rabbit.wait_ready(self.url, timeout_s=timeout_s)

    def kill(self) -> None:
        """SIGKILL the node: unconfirmed messages may be lost, confirmed ones must not be."""
        self._node.kill()

    def stop(self) -> None:
        """Stop the node cleanly, and its name server."""
        self._node.stop()
        self._epmd.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send any signal, such as SIGSTOP for a broker that hangs."""
        self._node.signal(number)

    def wait_until_remembered(self, queue: str) -> None:
        """Wait until the node has written down that this quorum queue exists; call it before a `kill`.

        RabbitMQ keeps its list of quorum queues in a table that it flushes some seconds later. Killed before that, the
        node of a fresh queue comes back with a queue that never elects a leader; the queues of a suite are older.
        """
        tables = list(self._folder.glob("mnesia/*/quorum/*/names.dets"))
        name = f"%2F_{queue}".encode()
        entry = bytes([len(name)]) + name  # with its length, so that `a.inbox` is not found in `a.inbox.dlq`
        wait_until(
            lambda: any(entry in table.read_bytes() for table in tables),
            what=f"the broker has written down {queue}",
            timeout_s=20,
        )

    def wait_until_gone(self) -> None:
        """Wait until no client can log in any more."""
        wait_until(lambda: not rabbit.answers(self.url), what="the broker is gone", timeout_s=20)


def _dying_with_us() -> list[str]:
    """Return a prefix that ends the server when the test run is killed itself, so that nothing is left behind."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
