"""Entitlements in MongoDB; the id is made of the order's, so an order gives one."""

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from services.content.domain.entitlement import Entitlement

Document = dict[str, Any]


class MongoEntitlementRepository:
    """Meets `EntitlementRepository`."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["entitlements"]

    def ensure_indexes(self) -> None:
        self._collection.create_index(
            [("subscriber_id", ASCENDING), ("granted_at", DESCENDING), ("_id", DESCENDING)], name="subscriber"
        )

    def add(self, entitlement: Entitlement, /) -> None:
        document = {
            "subscriber_id": entitlement.subscriber_id,
            "offering_id": entitlement.offering_id,
            "title": entitlement.title,
            "granted_at": entitlement.granted_at,
            "ends_at": entitlement.ends_at,
            "rental_hours": entitlement.rental_hours,
            "content_order_id": entitlement.content_order_id,
            "version": 1,
        }
        self._collection.update_one({"_id": entitlement.entitlement_id}, {"$setOnInsert": document}, upsert=True)

    def of_subscriber(self, subscriber_id: str, *, limit: int) -> list[Entitlement]:
        found = self._collection.find({"subscriber_id": subscriber_id}, limit=limit)
        return [_from_document(one) for one in found.sort([("granted_at", DESCENDING), ("_id", DESCENDING)])]


def _from_document(document: Document) -> Entitlement:
    return Entitlement(
        entitlement_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        offering_id=document["offering_id"],
        title=document["title"],
        granted_at=document["granted_at"],
        ends_at=document["ends_at"],
        rental_hours=document["rental_hours"],
        content_order_id=document["content_order_id"],
    )
