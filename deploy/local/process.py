"""What a process of the suite is, and how it is known to be ready; which ones there are stands in processes.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Wave(IntEnum):
    """The order of starting: a wave starts when the one before it is ready. Stopping goes the other way round."""

    DATA = 1
    WORLD = 2
    SERVICES = 3
    EDGE = 4


@dataclass(frozen=True, slots=True)
class GrpcReady:
    """Ready when the gRPC health service says SERVING."""

    address: str


@dataclass(frozen=True, slots=True)
class HttpReady:
    """Ready when the URL answers 200."""

    url: str


@dataclass(frozen=True, slots=True)
class ConsumerReady:
    """Ready when somebody consumes from the queue."""

    amqp_url: str
    queue: str


@dataclass(frozen=True, slots=True)
class MongoReady:
    """Ready when the replica set on the port is initiated and has a primary."""

    port: int


@dataclass(frozen=True, slots=True)
class AmqpReady:
    """Ready when a client can log in."""

    amqp_url: str


@dataclass(frozen=True, slots=True)
class PortReady:
    """Ready when something listens on the port of loopback."""

    port: int


Ready = GrpcReady | HttpReady | ConsumerReady | MongoReady | AmqpReady | PortReady


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process under the supervisor.

    `stop_s` is how long it may take to end after SIGTERM: its own grace for calls under way plus a little.
    """

    name: str
    command: tuple[str, ...]
    wave: Wave
    ready: Ready
    environment: Mapping[str, str]
    stop_s: int = 15
