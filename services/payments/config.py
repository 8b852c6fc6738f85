"""Settings of payments; the only reader of its environment."""

from typing import Literal

from pydantic import Field, SecretStr

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """What payments needs to know beside what every service does."""

    accounts_address: str = Field(description="host:port of accounts")
    public_url: str = Field(description="The cabinet as a browser sees it; payers are sent back under it only")
    yookassa_api_url: str = Field(default="https://api.yookassa.ru/v3", description="The acquirer's API")
    yookassa_shop_id: str = Field(min_length=1, description="Our shop there")
    yookassa_secret_key: SecretStr = Field(description="Our key there")
    profile: Literal["ru-2014", "ru-2026"] = Field(default="ru-2026", description="What is offered: profiles/*.json")
    charge_timeout_s: float = Field(default=4.0, gt=0, description="Longest wait for the acquirer within a request")
    charge_grace_s: float = Field(default=12.0, gt=0, description="When a begun charge counts as abandoned")
    backoff_scale: float = Field(default=1.0, gt=0, description="Shortens all pauses between questions; suites only")
    dispatcher_concurrency: int = Field(default=8, gt=0, description="Payments, and occasions, brought on at a time")
    work_lease_s: float = Field(default=60.0, gt=0, description="When whoever claimed a payment counts as dead")
    autopay_tick_s: float = Field(default=5.0, gt=0, description="How often due dates are looked for")
    autopay_recheck_s: float = Field(default=600.0, gt=0, description="How often a threshold rule's balance is read")
    registry_timeout_s: float = Field(default=10.0, gt=0, description="Longest wait for a page of the acquirer's lists")
    reconcile_grace_s: float = Field(default=14400.0, ge=0, description="Time after a day's end before it is compared")
    reconcile_again_s: float = Field(
        default=21600.0, gt=0, description="Pause before a day that differs is compared anew"
    )
    reconcile_held_s: float = Field(default=900.0, gt=0, description="How long captured money may be without a posting")
    reconcile_lease_s: float = Field(default=1800.0, gt=0, description="When another replica takes a day over")


def load() -> Settings:
    """Read the environment; what is missing or does not fit is named in the error."""
    return Settings()  # type: ignore[call-arg]  # pydantic reads the required ones from the environment
