"""Settings of the service that does nothing: the least that every service has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the chassis asks for."""

    log_level: str = "INFO"
    metrics_listen: str = ""
    grace_s: float = 1.0


def load() -> Settings:
    """Read nothing."""
    return Settings()
