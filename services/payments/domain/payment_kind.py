"""The ways to pay."""

from enum import Enum


class PaymentKind(Enum):
    """A way to pay."""

    NEW_CARD = "new_card"
    SAVED_CARD = "saved_card"
    WEBMONEY = "webmoney"
    SBP = "sbp"
