"""A region's rules as data: its zone, what it sells, and on which terms it trusts; the numbers stand in
`demo/<region>.json`, what follows from them in the modules that read these values.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_FOLDER = Path(__file__).parent / "demo"

Kind = Literal["telephony", "internet", "tv"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TariffPlan(_Value):
    """A plan: `services` are the kinds that it includes and what they are called (a telephone keeps its number)."""

    tariff_plan_id: str
    name: str
    monthly_fee_minor: int = Field(ge=0)
    speed_mbit: int = Field(ge=0)
    services: Mapping[Kind, str | None]
    perks: tuple[str, ...]


class ServiceOffer(_Value):
    """A service on top of the plan. There is one of each kind, but for an `addition`; `not_feasible_at` are the
    accounts where the books know that it cannot be connected, `refused_because` is what only the fitter finds out."""

    offer_code: str
    kind: Kind
    name: str
    connection_price_minor: int = Field(ge=0)
    monthly_fee_minor: int = Field(ge=0)
    addition: bool = False
    not_feasible_at: frozenset[str] = frozenset()
    refused_because: str = ""


class ServiceOrderSteps(_Value):
    """How long an order waits, and how long it is worked on."""

    accepted_s: int = Field(ge=0)
    in_progress_s: int = Field(ge=0)


class PromisedPaymentRules(_Value):
    """On which terms a promised payment can be taken (F18)."""

    largest_minor: int = Field(gt=0)
    fee_minor: int = Field(ge=0)
    days: int = Field(gt=0)
    days_between: int = Field(ge=0)
    youngest_account_days: int = Field(ge=0)
    largest_debt_minor: int = Field(ge=0)
    sufficient_balance_minor: int


class Rules(_Value):
    """All rules of a region. `kept_from` is when its books were begun, when they were not there from the first account
    on: it was migrated then, and what lies before stayed behind."""

    time_zone: str
    kept_from: AwareDatetime | None = None
    tariff_plans: tuple[TariffPlan, ...]
    downgrade_fee_minor: int = Field(ge=0)
    service_offers: tuple[ServiceOffer, ...]
    service_order_steps: ServiceOrderSteps
    promised_payment: PromisedPaymentRules

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar the region lives by."""
        return ZoneInfo(self.time_zone)

    def plan(self, tariff_plan_id: str, /) -> TariffPlan | None:
        """Return a plan on sale."""
        return next((plan for plan in self.tariff_plans if plan.tariff_plan_id == tariff_plan_id), None)

    def offer(self, offer_code: str, /) -> ServiceOffer | None:
        """Return an offer."""
        return next((offer for offer in self.service_offers if offer.offer_code == offer_code), None)


def read_region(region: str, /) -> dict[str, Any]:
    """Return the data of a region as its file holds them."""
    data: dict[str, Any] = json.loads((_FOLDER / f"{region}.json").read_text())
    return data


def read_rules(region: str, /) -> Rules:
    """Return the rules of a region; what is missing or malformed is named in the error."""
    return Rules.model_validate({name: value for name, value in read_region(region).items() if name != "accounts"})
