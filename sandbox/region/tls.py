"""The region's lines: how it is reached and how it reaches the cabinet, in the clear or by (mutual) TLS."""

import grpc

from sandbox.region.config import Settings

_OPTIONS = [("grpc.max_reconnect_backoff_ms", 2000)]


def open_port(server: grpc.Server, settings: Settings, /, *, listen: str) -> int:
    """Bind the server and return its port; with an authority callers must show a certificate."""
    if settings.region_certificate_file is None or settings.region_certificate_key_file is None:
        return int(server.add_insecure_port(listen))
    pair = (settings.region_certificate_key_file.read_bytes(), settings.region_certificate_file.read_bytes())
    authority = settings.cabinet_ca_file.read_bytes() if settings.cabinet_ca_file else None
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)
    return int(server.add_secure_port(listen, credentials))


def channel_to_cabinet(settings: Settings, /) -> grpc.Channel:
    """Return the channel over which news go; by TLS when an authority is set, showing the region's certificate."""
    if settings.cabinet_ca_file is None:
        return grpc.insecure_channel(settings.accounts_address, _OPTIONS)
    files = (settings.region_certificate_key_file, settings.region_certificate_file)
    key, certificate = (file.read_bytes() if file else None for file in files)
    credentials = grpc.ssl_channel_credentials(settings.cabinet_ca_file.read_bytes(), key, certificate)
    return grpc.secure_channel(settings.accounts_address, credentials, _OPTIONS)
