"""What the composition roots of all services do alike for gRPC: credentials, verifier, server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import KeySet

from services.chassis.clock import Clock
from services.chassis.grpc_server import Exposed, GrpcServer, Tls
from services.chassis.mongo_errors import unavailable
from services.chassis.settings import ServiceSettings
from services.chassis.subscriber_keys import subscriber_keys_from
from services.chassis.tls import client_tls
from services.chassis.tokens import ServiceTokens, TokenVerifier, load_private_key, load_trusted_keys


def service_tokens(name: str, /, *, settings: ServiceSettings, clock: Clock) -> ServiceTokens:
    """Return the source of this deployable's own tokens."""
    return ServiceTokens(name=name, key=load_private_key(settings.service_key_file), clock=clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a server listens, how many calls it answers at a time, and its TLS."""

    listen: str
    threads: int
    tls: Tls | None


def grpc_server(
    name: str,
    /,
    *,
    settings: ServiceSettings,
    clock: Clock,
    services: Sequence[Exposed],
    subscriber_keys: Callable[[str], KeySet] | None = None,
    door: Door | None = None,
    stream_threads: int = 0,
) -> GrpcServer:
    """Return the server of a service as its settings want it; `subscriber_keys` are identity's, unless it is
    identity. `door` is for a server that lets in others than the suite's own parts."""
    door = door or Door(listen=settings.grpc_listen, threads=settings.grpc_threads, tls=_tls(settings))
    verifier = TokenVerifier(
        name=name,
        trusted=load_trusted_keys(settings.trust_file),
        subscriber_keys=subscriber_keys or subscriber_keys_from(settings.identity_address, tls=client_tls(settings)),
        clock=clock,
    )
    return GrpcServer(
        listen=door.listen,
        services=services,
        verifier=verifier,
        threads=door.threads,
        stream_threads=stream_threads,
        tls=door.tls,
        translate=unavailable,
    )


def server_tls(*, certificate_file: Path | None, key_file: Path | None, ca_file: Path | None) -> Tls | None:
    """Return a server's TLS, None unless there is a certificate with its key."""
    if certificate_file is None or key_file is None:
        return None
    return Tls(certificate_file=certificate_file, key_file=key_file, ca_file=ca_file)


def _tls(settings: ServiceSettings) -> Tls | None:
    return server_tls(
        certificate_file=settings.tls_certificate_file,
        key_file=settings.tls_key_file,
        ca_file=settings.tls_ca_file,
    )
