"""Sums between kopecks and the API's decimal strings (`"450.00"`), by whole numbers only (I10)."""

import re
from collections.abc import Mapping
from typing import Any

from services.chassis.money import Money

_FORM = re.compile(r"(\d{1,15})\.(\d{2})", re.ASCII)


def to_amount(money: Money, /) -> dict[str, str]:
    """Return the API's amount. Raises ValueError for a sum that is not more than nothing."""
    if not money.is_positive:
        raise ValueError("a sum to move is positive")
    roubles, kopecks = divmod(money.amount_minor, 100)
    return {"value": f"{roubles}.{kopecks:02}", "currency": money.currency}


def from_amount(amount: Mapping[str, Any], /) -> Money:
    """Return the sum of an amount. Raises ValueError for anything but digits, a point and two digits."""
    match = _FORM.fullmatch(amount["value"])
    if match is None:
        raise ValueError("not an amount")
    return Money(int(match[1]) * 100 + int(match[2]), amount["currency"])
