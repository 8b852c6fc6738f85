"""What the API tells of a card that it keeps, as far as it tells it (F19)."""

from collections.abc import Mapping
from typing import Any

from services.payments.domain.acquirer import SavedCard

_BRANDS = {
    "visa": "visa",
    "mastercard": "mastercard",
    "maestro": "maestro",
    "mir": "mir",
    "jcb": "jcb",
    "americanexpress": "american_express",
    "dinersclub": "diners_club",
    "unionpay": "union_pay",
    "cup": "union_pay",
}
_PRODUCTS = {"electron": "visa_electron", "maestro": "maestro"}


def saved_card_of(method: Mapping[str, Any], /) -> SavedCard | None:
    """Return the card if it is saved for later charges, None otherwise."""
    if method.get("saved") is not True or method.get("type") != "bank_card":
        return None
    card = method["card"]
    return SavedCard(
        acquirer_method_id=str(method["id"]),
        brand=brand_of(card),
        last4=str(card["last4"]),
        expires=f"{card['expiry_year']}-{card['expiry_month']}",
        issuer_country=str(card.get("issuer_country") or ""),
    )


def brand_of(card: Mapping[str, Any], /) -> str:
    """Return the brand in our words: `unknown` when it is not told, `other` when it is none of those known here.

    The acquirer counts Electron as Visa and Maestro as MasterCard in `card_type`; only the name of the card product,
    where there is one, tells them apart.
    """
    product = str((card.get("card_product") or {}).get("name", "")).lower()
    for word, brand in _PRODUCTS.items():
        if word in product:
            return brand
    told = str(card.get("card_type") or "unknown").lower()
    return _BRANDS.get(told, "unknown" if told == "unknown" else "other")
