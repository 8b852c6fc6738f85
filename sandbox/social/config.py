"""Settings of the social provider; the only reader of its environment."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Where the provider listens, what it calls itself, and the one client that it knows."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    social_listen: str = "127.0.0.1:8092"
    social_issuer: str = ""
    social_client_id: str = Field(min_length=1)
    social_client_secret: str = Field(min_length=16)
    social_redirect_uris: Annotated[tuple[str, ...], NoDecode] = Field(min_length=1)
    social_code_lifetime_s: float = 60.0
    log_level: str = "INFO"

    @field_validator("social_redirect_uris", mode="before")
    @classmethod
    def _split(cls, value: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @property
    def issuer(self) -> str:
        """The provider's name in tokens, which is also where it is found."""
        return self.social_issuer.rstrip("/") or f"http://{self.social_listen}"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read them all; what is missing or malformed is named in the error."""
        return cls.model_validate({})
