"""What hangs on an account by its number, in MongoDB: quotes, tariff changes, service orders, promised payments, offers
of grants."""

from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.mongo_promised_payments import promised_payments_of
from services.accounts.adapters.mongo_service_orders import service_orders_of
from services.accounts.adapters.mongo_tariff_changes import tariff_changes_of
from services.accounts.domain.account_key import AccountKey

Document = dict[str, Any]


class MongoWishNumbers:
    """Each document moves by itself and its version with it, so that whoever carries it at that moment reads anew."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collections = (
            database["tariff_quotes"],
            tariff_changes_of(database),
            service_orders_of(database),
            promised_payments_of(database),
            database["grant_offers"],
        )

    def move(self, old: AccountKey, new: AccountKey, /) -> None:
        for collection in self._collections:
            found = collection.find({"region": old.region, "number": old.number}, {"holds": 1})
            for document in list(found):
                _move(collection, document, new)


def _move(collection: Collection[Document], document: Document, new: AccountKey) -> None:
    """Move a wish. One that holds its account gives way to one that holds it under the new number already."""
    number: Document = {"number": new.number}
    holds = {"holds": str(new)} if document.get("holds") is not None else {}
    try:
        collection.update_one({"_id": document["_id"]}, {"$set": number | holds, "$inc": {"version": 1}})
    except DuplicateKeyError:
        collection.update_one({"_id": document["_id"]}, {"$set": number | {"holds": None}, "$inc": {"version": 1}})
