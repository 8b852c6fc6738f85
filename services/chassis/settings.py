"""Settings that every service has; a service's `config.py` adds its own and is the only reader of the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_REPOSITORY = Path(__file__).resolve().parents[2]


class ServiceSettings(BaseSettings):
    """Read from environment variables of the same names in capitals; a value that does not fit ends the start."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    mongo_url: str = Field(description="Replica set to keep state in")
    mongo_database: str = Field(description="This service's own database")
    amqp_url: str = Field(description="Broker")
    grpc_listen: str = Field(default="127.0.0.1:50051", description="host:port of the gRPC server")
    grpc_threads: int = Field(default=16, gt=0, description="Calls answered at a time; four times as many are let in")
    metrics_listen: str = Field(default="", description="host:port of Prometheus metrics; empty for none")
    service_key_file: Path = Field(description="Own Ed25519 private key (JWK) that signs service tokens")
    trust_file: Path = Field(description="JWK set of the callers' public keys, kid = caller name")
    identity_address: str = Field(default="", description="host:port of identity, for the keys of access tokens")
    event_schemas: Path = Field(default=_REPOSITORY / "protos" / "events", description="Folder of event contracts")
    relay_lease_s: float = Field(default=10.0, gt=0, description="When another replica publishes for a dead one")
    clock_file: Path | None = Field(default=None, description="Offset of the clock in seconds; test suites only")
    log_level: str = Field(default="INFO")
    grace_s: float = Field(default=10.0, gt=0, description="Time for calls under way when the process is told to stop")
    tls_certificate_file: Path | None = Field(default=None, description="Own certificate; with the key turns TLS on")
    tls_key_file: Path | None = Field(
        default=None, description="Its key; callees that ask for a certificate are shown the same pair"
    )
    tls_ca_file: Path | None = Field(default=None, description="Authority that callers and callees are checked against")
