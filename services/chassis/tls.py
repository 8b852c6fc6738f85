"""What TLS towards a callee needs, as settings name it; how a channel is made of it, `grpc_client` knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """How a callee is known, and what it is shown.

    Without an authority the system's own are trusted. With a certificate and its key the callee is shown them (mTLS).
    `server_name` is the name in the callee's certificate where that is not the name in its address.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None


class TlsSettings(Protocol):
    """Settings that say how the suite's own parts speak with each other."""

    @property
    def tls_ca_file(self) -> Path | None: ...

    @property
    def tls_certificate_file(self) -> Path | None: ...

    @property
    def tls_key_file(self) -> Path | None: ...


def client_tls(settings: TlsSettings, /) -> ClientTls | None:
    """Return how to call another part of the suite: in the clear unless an authority is set; one's own certificate is
    shown where there is one, for a server with an authority asks for it."""
    if settings.tls_ca_file is None:
        return None
    return ClientTls(
        ca_file=settings.tls_ca_file, certificate_file=settings.tls_certificate_file, key_file=settings.tls_key_file
    )
