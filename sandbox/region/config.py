"""Settings of a regional billing system; the only reader of its environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the region answers, where it keeps its books, whom it trusts and whom it tells its news."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    region_listen: str = "127.0.0.1:50061"
    region_control_listen: str = "127.0.0.1:50064"
    region_database: Path = Path("region.sqlite3")
    region_key_file: Path
    region_certificate_file: Path | None = None
    region_certificate_key_file: Path | None = None
    cabinet_ca_file: Path | None = None
    region_threads: int = Field(default=16, gt=0)
    trust_file: Path
    accounts_address: str = Field(min_length=1)
    region_profile: str | None = None
    smtp_url: str = ""
    clock_file: Path | None = None
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read them all; what is missing or malformed is named in the error."""
        return cls.model_validate({})
