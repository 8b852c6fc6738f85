"""Builders of content's values with defaults, for its tests."""

from datetime import UTC, datetime
from typing import Any

from services.chassis.money import Money
from services.content.domain.content_order import ContentOrder
from services.content.domain.content_quote import ContentQuote
from services.content.domain.offering import AgeMark, Offering, OfferingKind, PriceModel

A_MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MARIA, IVAN = "sub_" + "1" * 32, "sub_" + "2" * 32
HERS, HIS = "acc_" + "1" * 32, "acc_" + "2" * 32


def make_offering(**changes: Any) -> Offering:
    values: dict[str, Any] = {
        "offering_id": "off_moscow-no-tears",
        "kind": OfferingKind.FILM,
        "title": "Москва слезам не верит",
        "description": "Три подруги приезжают в столицу.",
        "year": 1980,
        "age_mark": AgeMark.TWELVE,
        "price_model": PriceModel.PURCHASE,
        "price": Money(24900),
        "rental_hours": 0,
    }
    return Offering(**values | changes)


def make_rental(**changes: Any) -> Offering:
    values: dict[str, Any] = {
        "offering_id": "off_irony-of-fate",
        "title": "Ирония судьбы",
        "price_model": PriceModel.RENTAL,
        "rental_hours": 48,
    }
    return make_offering(**values | changes)


def make_quote(
    offering: Offering | None = None, *, subscriber_id: str = MARIA, now: datetime = A_MORNING
) -> ContentQuote:
    return ContentQuote.of(offering or make_offering(), subscriber_id=subscriber_id, billing_account_id=HERS, now=now)


def make_order(offering: Offering | None = None, *, subscriber_id: str = MARIA) -> ContentOrder:
    return ContentOrder.by(make_quote(offering, subscriber_id=subscriber_id), now=A_MORNING)
