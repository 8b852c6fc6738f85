"""Settings of identity; nothing else of the service reads the environment."""

import json
from pathlib import Path
from typing import Annotated

from limits import parse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.chassis.settings import ServiceSettings

_DATA = Path(__file__).resolve().parent / "data"


def _checked_rate(text: str) -> str:
    parse(text)
    return text


Rate = Annotated[str, AfterValidator(_checked_rate)]


class Provider(BaseModel):
    """A social provider, as `SOCIAL_PROVIDERS_FILE` lists them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    name: str = Field(min_length=1)
    issuer: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile")
    client_authentication: str = "client_secret_basic"
    other_origins: tuple[str, ...] = ()


class Settings(ServiceSettings):
    """What identity is told."""

    token_key_file: Path = Field(description="Ed25519 private key (JWK with kid) that signs access tokens")
    token_former_keys_file: Path | None = Field(default=None, description="JWK set of public keys used before it")
    secret_key_file: Path = Field(description="At least 32 random bytes, from which codes and tokens are derived")
    access_token_lifetime_s: int = Field(default=300, ge=30, le=600)
    public_url: str = Field(description="The cabinet as a browser sees it")

    smtp_url: str = Field(description="Mail server: smtp://[user:password@]host:port[?starttls=1] or smtps://...")
    mail_from: str = Field(default="Единый личный кабинет <no-reply@kabinet.example>")

    argon2_memory_kib: int = Field(default=19456, ge=8, description="The least that OWASP advises, with time 2")
    argon2_time_cost: int = Field(default=2, ge=1)
    argon2_parallelism: int = Field(default=1, ge=1)
    passwords_at_once: int = Field(default=4, ge=1, description="Bounds memory and cores that hashing takes")
    common_passwords_file: Path = Field(default=_DATA / "common_passwords.txt")

    login_rate_per_address: Rate = "60/15 minutes"
    login_rate_per_login: Rate = "30/15 minutes"
    login_rate_per_pair: Rate = "10/15 minutes"
    login_rate_per_pair_under_attack: Rate = "3/15 minutes"
    password_rate_per_subscriber: Rate = "10/15 minutes"
    registration_rate_per_address: Rate = "20/hour"
    registration_rate_per_email: Rate = "5/hour"
    notice_rate_per_owner: Rate = "3/day"

    social_providers_file: Path | None = Field(default=None, description="JSON list; the settings below give one")
    social_issuer: str = ""
    social_client_id: str = ""
    social_client_secret: str = Field(default="", repr=False)
    social_provider_id: str = "demo-id"
    social_provider_name: str = "Социальная сеть (демо)"
    return_url_prefixes: str = Field(default="", description="Comma-separated, besides PUBLIC_URL")

    @property
    def return_urls(self) -> tuple[str, ...]:
        """The prefixes of URLs that a social provider may send a browser back to."""
        others = (prefix.strip() for prefix in self.return_url_prefixes.split(","))
        return (self.public_url, *filter(None, others))

    def social_providers(self) -> tuple[Provider, ...]:
        """Return the providers, from the file or from the settings of a single one; none is fine."""
        if self.social_providers_file is not None:
            return tuple(Provider.model_validate(each) for each in json.loads(self.social_providers_file.read_text()))
        return (self._single_provider(),) if self.social_issuer else ()

    def _single_provider(self) -> Provider:
        return Provider(
            provider=self.social_provider_id,
            name=self.social_provider_name,
            issuer=self.social_issuer,
            client_id=self.social_client_id,
            client_secret=self.social_client_secret,
        )


def load() -> Settings:
    """Read the environment; a value that does not fit ends the start."""
    return Settings.model_validate({})
