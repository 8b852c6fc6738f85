"""Profiles of what is offered, as JSON files beside the service: ru-2014 to the letter, ru-2026 as it is today."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.chassis.money import Money
from services.payments.domain.card_policy import CardBrand, CardPolicy
from services.payments.domain.fiscal import FiscalTerms
from services.payments.domain.offer import KindStatus, Offer
from services.payments.domain.payment import PaymentKind

_FOLDER = Path(__file__).parents[1] / "profiles"


def load_offer(profile: str, /) -> Offer:
    """Return the offer of a profile; a name without a file, or a file of another form, ends the start."""
    document = json.loads((_FOLDER / f"{profile}.json").read_text())
    return Offer(
        kinds=tuple(
            KindStatus(kind=PaymentKind(entry["kind"]), disabled_reason=entry["disabled_reason"])
            for entry in document["kinds"]
        ),
        card_policy=_card_policy(document["card_policy"]),
        largest_payment=Money.from_mapping(document["largest_payment"]),
    )


def load_fiscal_terms(profile: str, /) -> FiscalTerms | None:
    """Return what stands in the receipts of a profile, None for one of the time before 54-FZ."""
    document = json.loads((_FOLDER / f"{profile}.json").read_text())["receipts"]
    if document is None:
        return None
    return FiscalTerms(
        description=document["description"],
        vat_code=document["vat_code"],
        tax_system_code=document["tax_system_code"],
        payment_subject=document["payment_subject"],
        payment_mode=document["payment_mode"],
    )


def _card_policy(document: Mapping[str, Any]) -> CardPolicy:
    return CardPolicy(
        brands=tuple(CardBrand(brand=entry["brand"], name=entry["name"]) for entry in document["brands"]),
        issuer_countries=frozenset(document["issuer_countries"]),
    )
