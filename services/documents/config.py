"""Settings of documents; the only reader of the environment."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ServiceSettings

_HERE = Path(__file__).parent


class Settings(ServiceSettings):
    """What documents needs beside what every service needs."""

    accounts_address: str = Field(description="host:port of accounts")
    payments_address: str = Field(description="host:port of payments")
    public_url: str = Field(description="The gateway as a browser sees it; links in mails begin with it")
    smtp_url: str = Field(description="Mail server: smtp://[user:password@]host[:port][?starttls=1] or smtps://...")
    mail_from: str = Field(default="Единый личный кабинет <no-reply@kabinet.example>", description="Sender of mails")
    mail_timeout_s: float = Field(default=20.0, gt=0, lt=60, description="Time for one mail; less than a lease")
    secret_key_file: Path = Field(description="Random secret that confirmation links are made from")
    branches_file: Path = Field(default=_HERE / "branches.json", description="Branches and their bank requisites")
    consent_texts: Path = Field(default=_HERE / "texts" / "e-bill-consent", description="Texts that are consented to")
    render_threads: int = Field(default=1, ge=1, description="Bills worked on at a time by one process")
    catch_up_s: float = Field(default=60.0, gt=0, description="Pause between two looks for bills whose event got lost")
    mail_threads: int = Field(default=4, ge=1, description="Mails on their way at a time from one process")


def load() -> Settings:
    """Read the settings from the environment."""
    return Settings()  # type: ignore[call-arg]
