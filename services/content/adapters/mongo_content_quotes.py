"""Quotes in MongoDB; they go a month after they have expired."""

from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from services.chassis.saving import save_aggregate
from services.content.adapters.offering_documents import offering_from_document, offering_to_document
from services.content.domain.content_quote import ContentQuote

Document = dict[str, Any]

_KEPT_FOR = timedelta(days=30)  # an order's double tap finds its quote for as long


class MongoContentQuoteRepository:
    """Meets `ContentQuoteRepository`."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["content_quotes"]

    def ensure_indexes(self) -> None:
        self._collection.create_index(
            [("expires_at", ASCENDING)], name="forget", expireAfterSeconds=int(_KEPT_FOR.total_seconds())
        )
        self._collection.create_index([("billing_account_id", ASCENDING), ("expires_at", ASCENDING)], name="account")

    def get(self, content_quote_id: str, /) -> ContentQuote | None:
        document = self._collection.find_one({"_id": content_quote_id})
        return _from_document(document) if document else None

    def open_of(self, billing_account_id: str, *, now: datetime) -> list[ContentQuote]:
        wanted = {"billing_account_id": billing_account_id, "expires_at": {"$gt": now}, "ended_at": None}
        return [_from_document(document) for document in self._collection.find(wanted)]

    def save(self, quote: ContentQuote, /) -> None:
        save_aggregate(
            self._collection,
            quote,
            document_id=quote.content_quote_id,
            document={
                "subscriber_id": quote.subscriber_id,
                "billing_account_id": quote.billing_account_id,
                "offering": offering_to_document(quote.offering),
                "expires_at": quote.expires_at,
                "ended_at": quote.ended_at,
            },
        )


def _from_document(document: Document) -> ContentQuote:
    return ContentQuote(
        content_quote_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        offering=offering_from_document(document["offering"]),
        expires_at=document["expires_at"],
        ended_at=document["ended_at"],
        version=document["version"],
    )
