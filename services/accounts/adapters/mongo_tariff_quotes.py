"""Tariff quotes in MongoDB."""

from datetime import date, timedelta
from typing import Any

from pymongo.database import Database

from services.accounts.adapters.mongo_values import key_of, plan_document, plan_of
from services.accounts.domain.tariff_quote import QuotedChange, TariffQuote
from services.chassis.money import Money
from services.chassis.saving import save_aggregate

Document = dict[str, Any]

# A quote that has expired is kept this long, to be called expired rather than unknown.
_KEPT_FOR = timedelta(days=1)


class MongoTariffQuoteRepository:
    """Collection `tariff_quotes`; MongoDB removes what has expired."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["tariff_quotes"]

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        self._collection.create_index("expires_at", name="forget", expireAfterSeconds=int(_KEPT_FOR.total_seconds()))

    def get(self, tariff_quote_id: str, /) -> TariffQuote | None:
        document = self._collection.find_one({"_id": tariff_quote_id})
        return _to_quote(document) if document else None

    def save(self, quote: TariffQuote, /) -> None:
        save_aggregate(
            self._collection,
            quote,
            document_id=quote.tariff_quote_id,
            document=_to_document(quote),
        )


def quoted_document(quoted: QuotedChange, /) -> Document:
    """Return the part of a document that says what a change comes to."""
    return {
        "tariff_plan": plan_document(quoted.tariff_plan),
        "price_now": quoted.price_now.as_mapping(),
        "next_bill": quoted.next_bill.as_mapping(),
        "lost": list(quoted.lost),
        "effective_date": quoted.effective_date.isoformat(),
    }


def quoted_of(document: Document, /) -> QuotedChange:
    """Return what `quoted_document` wrote."""
    return QuotedChange(
        tariff_plan=plan_of(document["tariff_plan"]),
        price_now=Money.from_mapping(document["price_now"]),
        next_bill=Money.from_mapping(document["next_bill"]),
        lost=tuple(document["lost"]),
        effective_date=date.fromisoformat(document["effective_date"]),
    )


def _to_document(quote: TariffQuote) -> Document:
    return {
        "subscriber_id": quote.subscriber_id,
        "billing_account_id": quote.billing_account_id,
        "region": quote.key.region,
        "number": quote.key.number,
        "quoted": quoted_document(quote.quoted),
        "expires_at": quote.expires_at,
    }


def _to_quote(document: Document) -> TariffQuote:
    return TariffQuote(
        tariff_quote_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        key=key_of(document),
        quoted=quoted_of(document["quoted"]),
        expires_at=document["expires_at"],
        version=document["version"],
    )
