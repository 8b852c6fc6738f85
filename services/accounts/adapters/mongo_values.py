"""How values that several documents share are written to MongoDB and read back."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.chassis.money import Money

Document = dict[str, Any]
T = TypeVar("T")


def key_of(document: Document, /) -> AccountKey:
    """Return the account that a document is about."""
    return AccountKey(region=document["region"], number=document["number"])


def either_key(keys: Sequence[AccountKey], /) -> Document:
    """Return the filter for documents about any of the accounts: one run through an index per region."""
    numbers: dict[str, list[str]] = {}
    for key in keys:
        numbers.setdefault(key.region, []).append(key.number)
    return {"$or": [{"region": region, "number": {"$in": some}} for region, some in numbers.items()]}


def when_present(value: Any, read: Callable[[Any], T], /) -> T | None:
    """Return what `read` makes of a value, None for None."""
    return None if value is None else read(value)


def plan_document(plan: TariffPlan, /) -> Document:
    """Return a tariff plan's part of a document."""
    return {
        "tariff_plan_id": plan.tariff_plan_id,
        "name": plan.name,
        "monthly_fee": plan.monthly_fee.as_mapping(),
    }


def plan_of(document: Document, /) -> TariffPlan:
    """Return what `plan_document` wrote."""
    return TariffPlan(
        tariff_plan_id=document["tariff_plan_id"],
        name=document["name"],
        monthly_fee=Money.from_mapping(document["monthly_fee"]),
    )
