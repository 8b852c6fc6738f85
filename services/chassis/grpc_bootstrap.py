"""What the composition roots of all services do alike for gRPC: credentials, verifier, server."""

from collections.abc import Callable, Sequence

from joserfc.jwk import KeySet

from services.chassis.clock import Clock
from services.chassis.grpc_server import Exposed, GrpcServer, Tls
from services.chassis.mongo_errors import unavailable
from services.chassis.settings import ServiceSettings
from services.chassis.subscriber_keys import subscriber_keys_from
from services.chassis.tokens import ServiceTokens, TokenVerifier, load_private_key, load_trusted_keys


def service_tokens(name: str, /, *, settings: ServiceSettings, clock: Clock) -> ServiceTokens:
    """Return the source of this deployable's own tokens."""
    return ServiceTokens(name=name, key=load_private_key(settings.service_key_file), clock=clock)


def grpc_server(
    name: str,
    /,
    *,
    settings: ServiceSettings,
    clock: Clock,
    services: Sequence[Exposed],
    subscriber_keys: Callable[[str], KeySet] | None = None,
    stream_threads: int = 0,
) -> GrpcServer:
    """Return the server of a service as its settings want it; `subscriber_keys` are identity's, unless it is
    identity."""
    verifier = TokenVerifier(
        name=name,
        trusted=load_trusted_keys(settings.trust_file),
        subscriber_keys=subscriber_keys or subscriber_keys_from(settings.identity_address),
        clock=clock,
    )
    return GrpcServer(
        listen=settings.grpc_listen,
        services=services,
        verifier=verifier,
        stream_threads=stream_threads,
        tls=_tls(settings),
        translate=unavailable,
    )


def _tls(settings: ServiceSettings) -> Tls | None:
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    return Tls(
        certificate_file=settings.tls_certificate_file,
        key_file=settings.tls_key_file,
        ca_file=settings.tls_ca_file,
    )
