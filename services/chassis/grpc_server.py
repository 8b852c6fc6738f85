"""Setting up a gRPC server: guard, health, limits, TLS when asked for, graceful stop."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from services.chassis.grpc_access import access_of
from services.chassis.grpc_guard import Guard, Translate
from services.chassis.logs import get_logger
from services.chassis.tokens import TokenVerifier

MESSAGE_LIMIT_BYTES = 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
    ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
    ("grpc.so_reuseport", 0),  # a second server on the port is a mistake, not a replica
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
]

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files of a server that speaks TLS; with an authority it also asks callers for a certificate (mTLS)."""

    certificate_file: Path
    key_file: Path
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """One service of the contract and what answers it."""

    service_name: str
    register: Callable[[Any], None]


class GrpcServer:
    """A server that answers with plain threads until it is stopped."""

    def __init__(
        self,
        *,
        listen: str,
        services: Sequence[Exposed],
        verifier: TokenVerifier,
        threads: int = 16,
        stream_threads: int = 0,
        tls: Tls | None = None,
        translate: Translate | None = None,
    ) -> None:
        """`stream_threads` is how many calls that take a stream are answered at a time, beside all others; a server
        whose contract has none needs none."""
        names = [service.service_name for service in services]
        self._health = health.HealthServicer(experimental_non_blocking=True)
        self._names = ["", *names]
        guard = Guard(
            access=access_of(names),
            verifier=verifier,
            translate=translate,
            stream_threads=ThreadPoolExecutor(stream_threads, thread_name_prefix="stream") if stream_threads else None,
        )
        self._server = grpc.server(
            ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
            interceptors=[guard],
            options=_OPTIONS,
            maximum_concurrent_rpcs=threads * 4 + stream_threads,
        )
        for service in services:
            service.register(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = self._bind(listen, tls)

    def start(self) -> None:
        """Begin to answer, and say so to health checks."""
        self._server.start()
        self._report(health_pb2.HealthCheckResponse.SERVING)
        _log.info("grpc_server_started", port=self.port)

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Refuse new calls at once, let those under way end within `grace_s`."""
        self._report(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._server.stop(grace_s).wait(grace_s + 1)

    def _report(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        for name in self._names:
            self._health.set(name, status)

    def _bind(self, listen: str, tls: Tls | None) -> int:
        if tls is None:
            port: int = self._server.add_insecure_port(listen)
        else:
            port = self._server.add_secure_port(listen, _credentials(tls))
        return port


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    pair = (tls.key_file.read_bytes(), tls.certificate_file.read_bytes())
    authority = tls.ca_file.read_bytes() if tls.ca_file else None
    credentials: grpc.ServerCredentials = grpc.ssl_server_credentials(
        [pair], authority, require_client_auth=authority is not None
    )
    return credentials
