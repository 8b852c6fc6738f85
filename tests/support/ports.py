"""Ports for what tests start by themselves."""

from collections.abc import Iterator

from deploy.local.ports import Ports, find_free_base


def free_port() -> int:
    """Return a port on loopback that nobody else is given while this process lives, nor an outgoing connection."""
    return next(_handed_out)


def _all_ports() -> Iterator[int]:
    while True:
        ports = Ports(find_free_base())
        yield from map(ports.of, ports.names())


_handed_out = _all_ports()
