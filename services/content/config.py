"""Settings of content; the only reader of the environment."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ServiceSettings

_HERE = Path(__file__).parent


class Settings(ServiceSettings):
    """What content needs beside what every service needs."""

    accounts_address: str = Field(description="host:port of accounts")
    catalog_folder: Path = Field(default=_HERE / "catalog", description="Offerings, taken over at each start")
    help_folder: Path = Field(default=_HERE / "help", description="Help articles, taken over at each start")
    charge_threads: int = Field(default=4, ge=1, description="Orders billed at a time by one process")


def load() -> Settings:
    """Read the settings from the environment."""
    return Settings()  # type: ignore[call-arg]
