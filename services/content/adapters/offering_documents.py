"""How an offering looks in a document; the catalogue keeps it, quotes and orders carry a copy."""

from typing import Any

from services.chassis.money import Money
from services.content.domain.offering import AgeMark, Offering, OfferingKind, PriceModel

Document = dict[str, Any]


def offering_to_document(offering: Offering, /) -> Document:
    return {
        "offering_id": offering.offering_id,
        "kind": offering.kind.value,
        "title": offering.title,
        "description": offering.description,
        "year": offering.year,
        "age_mark": offering.age_mark.value,
        "price_model": offering.price_model.value,
        "price": offering.price.as_mapping(),
        "rental_hours": offering.rental_hours,
    }


def offering_from_document(document: Document, /) -> Offering:
    return Offering(
        offering_id=document["offering_id"],
        kind=OfferingKind(document["kind"]),
        title=document["title"],
        description=document["description"],
        year=document["year"],
        age_mark=AgeMark(document["age_mark"]),
        price_model=PriceModel(document["price_model"]),
        price=Money.from_mapping(document["price"]),
        rental_hours=document["rental_hours"],
    )
