"""Settings of the gateway; the only reader of the environment."""

import os
from pathlib import Path
from tempfile import gettempdir

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from environment variables of the same names in capitals; a value that does not fit ends the start."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    public_url: str = Field(description="The gateway as a browser sees it, without a trailing slash")
    secret_key_file: Path = Field(description="Random secret that signs the cabinet's cookie and its form tokens")
    service_key_file: Path = Field(description="Own Ed25519 private key (JWK) that signs service tokens")
    identity_address: str = Field(description="host:port of identity")
    accounts_address: str = Field(description="host:port of accounts")
    payments_address: str = Field(description="host:port of payments")
    documents_address: str = Field(description="host:port of documents")
    content_address: str = Field(description="host:port of content")
    tls_ca_file: Path | None = Field(default=None, description="Authority that the services are checked against")
    tls_certificate_file: Path | None = Field(
        default=None, description="Certificate that the services are shown (mTLS)"
    )
    tls_key_file: Path | None = Field(default=None, description="Its key")
    trusted_proxies: int = Field(default=0, ge=0, description="How many proxies in front tell the client's address")
    form_action_origins: str = Field(
        default="",
        description="Origins, parted by spaces, where a form may lead: the acquirer's pages, the social providers",
    )
    max_under_way: int = Field(default=24, ge=4, description="Requests answered at once; fewer than there are threads")
    overview_within_s: float = Field(default=1.8, gt=0, description="Time for the whole overview")
    refresh_within_ms: int = Field(default=800, ge=0, description="How long a page waits for regions at most")
    metrics_listen: str = Field(default="", description="host:port of Prometheus metrics; empty for none")
    metrics_folder: Path = Field(
        default_factory=lambda: Path(gettempdir()) / f"kabinet-gateway-metrics-{os.getppid()}",
        description="Where the workers of one gunicorn, told apart by its process id, put their numbers together",
    )
    clock_file: Path | None = Field(default=None, description="Offset of the clock in seconds; test suites only")
    log_level: str = Field(default="INFO")


def load() -> Settings:
    """Read the environment."""
    return Settings()  # type: ignore[call-arg]  # pydantic-settings fills the fields from the environment
