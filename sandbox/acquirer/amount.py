"""Amounts between the API's decimal strings (`"450.00"`) and the kopecks that are reckoned with; never a float."""

import re

from sandbox.acquirer.errors import invalid_request

_FORM = re.compile(r"\d{1,12}(\.\d{1,2})?")
_MINIMUM_MINOR = 100
# YooKassa's limits. It takes WebMoney no more and documents none for it: as for cards.
_MAXIMUM_MINOR = {"bank_card": 350_000_00, "sbp": 700_000_00, "webmoney": 350_000_00}


def parse_minor(value: str, /, *, parameter: str) -> int:
    """Return kopecks; refuse anything but a plain positive decimal with at most two digits after the point."""
    if not _FORM.fullmatch(value):
        raise invalid_request("Incorrect format of the amount", parameter=parameter)
    roubles, _, kopecks = value.partition(".")
    minor = int(roubles) * 100 + int(kopecks.ljust(2, "0"))
    if minor <= 0:
        raise invalid_request("The amount must be positive", parameter=parameter)
    return minor


def check_limits(amount_minor: int, /, *, method_type: str, parameter: str) -> None:
    """Refuse an amount that a payment by this method may not have."""
    if not _MINIMUM_MINOR <= amount_minor <= _MAXIMUM_MINOR[method_type]:
        raise invalid_request("The amount is outside the limits of the payment method", parameter=parameter)


def render(amount_minor: int, currency: str, /) -> dict[str, str]:
    """Return the API's amount object."""
    return {"value": f"{amount_minor // 100}.{amount_minor % 100:02d}", "currency": currency}
