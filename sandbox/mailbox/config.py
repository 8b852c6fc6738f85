"""Settings of the mailbox; the only reader of its environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where mail comes in, where it is shown, and where it is kept."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    mailbox_smtp_listen: str = "127.0.0.1:8025"
    mailbox_http_listen: str = "127.0.0.1:8093"
    mailbox_folder: Path = Path("mailbox")
    mailbox_size_limit: int = 10 * 1024 * 1024
    mailbox_hold_s: float = 30.0
    clock_file: Path | None = None
    log_level: str = "INFO"
