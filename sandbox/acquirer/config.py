"""Settings of the acquirer; the only reader of its environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the acquirer listens, where it keeps its books, which shop it serves and whom it notifies."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    acquirer_listen: str = "127.0.0.1:8091"
    acquirer_database: Path = Path("acquirer.sqlite3")
    acquirer_shop_id: str = Field(min_length=1)
    acquirer_secret_key: str = Field(min_length=16)
    acquirer_webhook_url: str | None = None
    acquirer_public_url: str = ""
    acquirer_threads: int = 48
    acquirer_hold_s: float = 30.0
    acquirer_pending_s: float = 3.0
    clock_file: Path | None = None
    log_level: str = "INFO"

    @property
    def public_url(self) -> str:
        """Where a payer's browser finds the pages."""
        return self.acquirer_public_url.rstrip("/") or f"http://{self.acquirer_listen}"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read them all; what is missing or malformed is named in the error."""
        return cls.model_validate({})
