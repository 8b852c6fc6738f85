"""The port map of a local suite: every port is one base plus a fixed offset, so that several suites can run at once."""

import random
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
DEFAULT_BASE = 18000
SPAN = 100

_OFFSETS = {
    "smtp": 25,
    "mongo": 27,
    "identity": 51,
    "accounts": 52,
    "payments": 53,
    "documents": 54,
    "content": 55,
    "region-kaliningrad": 57,
    "region-kaliningrad-control": 58,
    "region-yekaterinburg": 59,
    "region-yekaterinburg-control": 60,
    "region-moscow": 61,
    "region-novosibirsk": 62,
    "region-vladivostok": 63,
    "region-moscow-control": 64,
    "region-novosibirsk-control": 65,
    "region-vladivostok-control": 66,
    "epmd": 69,
    "amqp": 72,
    "amqp-distribution": 73,
    "gateway": 80,
    "acquirer": 81,
    "social": 82,
    "mailbox": 83,
    "identity-metrics": 90,
    "accounts-metrics": 91,
    "accounts-worker-metrics": 92,
    "payments-metrics": 93,
    "payments-worker-metrics": 94,
    "documents-metrics": 95,
    "documents-worker-metrics": 96,
    "content-metrics": 97,
    "content-worker-metrics": 98,
    "gateway-metrics": 99,
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one suite."""

    base: int = DEFAULT_BASE

    def of(self, name: str) -> int:
        """Return the port called `name`; a KeyError is a mistake in the process list."""
        return self.base + _OFFSETS[name]

    def address(self, name: str) -> str:
        """Return `host:port`, as listeners and gRPC clients want it."""
        return f"{HOST}:{self.of(name)}"

    def url(self, name: str) -> str:
        """Return the http URL without a trailing slash."""
        return f"http://{self.address(name)}"

    def names(self) -> list[str]:
        """Return the names of all ports."""
        return list(_OFFSETS)

    def taken(self) -> list[str]:
        """Return the names of the ports on which something listens already."""
        return [name for name in _OFFSETS if not _can_listen(self.of(name))]


def find_free_base() -> int:
    """Return a base with all of its ports free, which no other process is given while this one lives.

    Below the range from which Linux hands out ports of outgoing connections (32768), so that no open connection takes
    one of them in between.
    """
    bases = list(range(19000, 32000, SPAN))
    random.SystemRandom().shuffle(bases)
    for base in bases:
        if not Ports(base).taken() and _claim(base):
            return base
    raise RuntimeError("no hundred free ports in a row between 19000 and 32000")


def _claim(base: int) -> bool:
    """Take an abstract socket named after the base; it is gone with the process, however that ends."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0kabinet-ports-{base}")
    except OSError:
        claim.close()
        return False
    claim.detach()  # it stays open until the process ends
    return True


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
