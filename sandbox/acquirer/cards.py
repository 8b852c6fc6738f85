"""The test cards: which number leads to which outcome. YooKassa's own test numbers, plus a few marked as ours.

https://yookassa.ru/developers/payment-acceptance/testing-and-going-live/testing
"""

from dataclasses import dataclass

SUCCESS = "success"

_BY_YOOKASSA = {"country_forbidden"}  # `cancellation_details.party`; the rest is the card network's word

_DECLINES = {  # reason: MasterCard, Visa, Mir
    "3d_secure_failed": ("5555555555554592", "4839665499603842", "2200000000000012"),
    "call_issuer": ("5555555555554535", "4926946416239025", "2200000000000020"),
    "card_expired": ("5555555555554543", "4141435412630840", "2200000000000038"),
    "fraud_suspected": ("5555555555554568", "4483274282299972", "2200000000000046"),
    "general_decline": ("5555555555554527", "4889971706588753", "2202202212312379"),
    "insufficient_funds": ("5555555555554600", "4562265587712390", "2200000000000053"),
    "invalid_card_number": ("5555555555554618", "4951017853630544", "2201382000000013"),
    "invalid_csc": ("5555555555554626", "4194180666146368", "2200770212727079"),
    "issuer_unavailable": ("5555555555554501", "4654130848359150", "2201382000000021"),
    "payment_method_limit_exceeded": ("5555555555554576", "4565231022577548", "2201382000000039"),
    "payment_method_restricted": ("5555555555554550", "4233961169071671", "2201382000000047"),
    "country_forbidden": ("5555555555554584", "4969751510013864", "2201382000000054"),
}

DECLINE_REASONS = frozenset(_DECLINES) | {
    "canceled_by_merchant",
    "deal_expired",
    "expired_on_capture",
    "expired_on_confirmation",
    "identification_required",
    "internal_timeout",
    "permission_revoked",
    "rejected_by_timeout",
    "unsupported_mobile_operator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCard:
    """What happens to a payment by this card, and to later ones by the same card once it is saved."""

    __test__ = False  # not a test case, whatever its name looks like to a test runner

    outcome: str = SUCCESS
    saved_outcome: str = SUCCESS
    three_d_secure: bool = False
    issuer_country: str = "RU"
    issuer_name: str = "Sandbox Bank"


_ABROAD = TestCard(issuer_country="US", issuer_name="Overseas Sandbox Bank")

TEST_CARDS: dict[str, TestCard] = {
    "5555555555554444": TestCard(),
    "5555555555554477": TestCard(three_d_secure=True),
    "6759649826438453": TestCard(),
    "4111111111111111": TestCard(),
    "4793128161644804": TestCard(three_d_secure=True),
    "4175001000000017": TestCard(),
    "2202474301322987": TestCard(),
    "2200000000000004": TestCard(three_d_secure=True),
    "370000000000002": _ABROAD,
    "3528000700000000": _ABROAD,
    "36700102000000": _ABROAD,
    # ours: issued abroad, and cards that pay once and refuse the automatic debits that follow
    "4012888888881881": _ABROAD,
    "5105105105105100": _ABROAD,
    "5555555555554642": TestCard(saved_outcome="insufficient_funds"),
    "4242424242424242": TestCard(saved_outcome="issuer_unavailable"),
    "4000000000000341": TestCard(saved_outcome="card_expired"),
    "5200828282828210": TestCard(saved_outcome="permission_revoked"),
} | {
    number: TestCard(outcome=reason, three_d_secure=reason == "3d_secure_failed")
    for reason, numbers in _DECLINES.items()
    for number in numbers
}

_UNKNOWN = TestCard(outcome="invalid_card_number")


def look_up(number: str, /) -> TestCard:
    """Return what the number stands for; a number outside the table is refused as an invalid one."""
    return TEST_CARDS.get(number, _UNKNOWN)


def party_of(reason: str, /) -> str:
    """Say who refused: the card network, YooKassa or the shop."""
    if reason == "canceled_by_merchant":
        return "merchant"
    by_yookassa = reason in _BY_YOOKASSA or reason.startswith("expired_on_")
    return "yoo_money" if by_yookassa else "payment_network"


def brand_of(number: str, /) -> str:
    """Return `card_type` as YooKassa names it: Electron counts as Visa, Maestro as MasterCard."""
    if number.startswith("4"):
        return "Visa"
    if number.startswith(("34", "37")):
        return "AmericanExpress"
    if number.startswith("35"):
        return "JCB"
    if number.startswith(("30", "36", "38")):
        return "DinersClub"
    if 2200 <= int(number[:4]) <= 2204:
        return "Mir"
    if number.startswith("62"):
        return "UnionPay"
    return "MasterCard" if number.startswith(("2", "5", "6")) else "Unknown"


def passes_luhn(number: str, /) -> bool:
    """Tell a mistyped number from a possible one."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
