"""A private RabbitMQ node: how it is found, configured, started and known to be ready.

Debian's own node (its name, ports, cookie and folders) is neither used nor touched.
"""

import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import pika
from pika.exceptions import AMQPError

from deploy.local.ports import HOST
from deploy.local.waiting import wait_until

# /usr/sbin/rabbitmq-server is a wrapper that insists on the user `rabbitmq`; the program itself runs as anyone.
_PROGRAMS = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/rabbitmq/sbin/rabbitmq-server")


class NoRabbit(Exception):
    """There is no RabbitMQ on this machine."""


def find_server() -> str:
    """Return the path of RabbitMQ's start script."""
    for program in _PROGRAMS:
        if Path(program).exists():
            return program
    on_path = shutil.which("rabbitmq-server")
    if on_path:
        return on_path
    raise NoRabbit("RabbitMQ is not installed; set AMQP_URL, or run as root: apt-get install rabbitmq-server")


def epmd_command(*, epmd_port: int) -> tuple[str, ...]:
    """Return the command of Erlang's name server in the foreground.

    A node would start one by itself, as a daemon that outlives it; as a process of our own it ends with the suite.
    """
    epmd = shutil.which("epmd")
    if epmd is None:
        raise NoRabbit("Erlang's epmd is not installed; set AMQP_URL, or run as root: apt-get install rabbitmq-server")
    return (epmd, "-port", str(epmd_port), "-address", HOST)


def node_command() -> tuple[str, ...]:
    """Return the command of the node in the foreground."""
    return (find_server(),)


def prepare(*, folder: Path, port: int) -> None:
    """Write the node's configuration into `folder`; its data stay as they are."""
    for name in ("mnesia", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = {HOST}:{port}\n"
        "log.console = true\n"
        "log.console.level = warning\n"
        "log.file = false\n"
        "disk_free_limit.absolute = 50MB\n"
        "vm_memory_high_watermark.absolute = 512MB\n"
    )
    (folder / "enabled_plugins").write_text("[].\n")
    cookie = folder / ".erlang.cookie"
    if not cookie.exists():
        cookie.write_text(secrets.token_hex(20))
        cookie.chmod(0o400)


def environment(*, folder: Path, distribution_port: int, epmd_port: int) -> Mapping[str, str]:
    """Return the variables that make a node of our own: name, ports, folders, cookie.

    The node's name holds its port, since data folders of different nodes must never be confused. `localhost` because
    Erlang wants a host name that resolves, and that of a container often does not.
    """
    return {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"kabinet-{distribution_port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": HOST,
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        # The start script then becomes the node instead of watching over it, so that a signal reaches the node itself.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def url(port: int) -> str:
    """Return the AMQP URL of the node on `port`; `guest` may log in from loopback only."""
    return f"amqp://guest:guest@{HOST}:{port}/"


def wait_ready(amqp_url: str, *, timeout_s: float = 60) -> None:
    """Wait until a client can log in."""
    wait_until(lambda: answers(amqp_url), what="RabbitMQ accepts a login", timeout_s=timeout_s, every_s=0.25)


def answers(amqp_url: str) -> bool:
    """Say whether a client can log in right now."""
    parameters = pika.URLParameters(amqp_url)
    if not _listens(parameters.host, parameters.port):
        return False  # pika would say so too, in thirty lines of log
    parameters.socket_timeout = 2
    parameters.stack_timeout = 5
    parameters.blocked_connection_timeout = 2
    try:
        pika.BlockingConnection(parameters).close()
    except (AMQPError, OSError):
        return False
    return True


def has_consumer(amqp_url: str, queue: str) -> bool:
    """Say whether somebody consumes from `queue`: that is when a worker is ready."""
    try:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        try:
            declared = connection.channel().queue_declare(queue, passive=True)
        finally:
            if connection.is_open:
                connection.close()
    except (AMQPError, OSError):
        return False
    return bool(declared.method.consumer_count)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True
