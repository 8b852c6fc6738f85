"""What was offered last, in MongoDB: a memory, not a price list; the region has the last word."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from services.accounts.adapters.mongo_wishes import offer_document, offer_of
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.service_order import ServiceOffer
from services.chassis.clock import Clock

Document = dict[str, Any]

_KEPT_FOR = timedelta(days=7)


class MongoServiceOfferMemory:
    """Collection `service_offers`, one document per account; newer replaces older, nothing hangs on a lost race."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["service_offers"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        self._collection.create_index("shown_at", name="forget", expireAfterSeconds=int(_KEPT_FOR.total_seconds()))

    def remember(self, key: AccountKey, offers: Sequence[ServiceOffer], /) -> None:
        self._collection.update_one(
            {"_id": str(key)},
            {"$set": {"offers": [offer_document(offer) for offer in offers], "shown_at": self._clock.now()}},
            upsert=True,
        )

    def recall(self, key: AccountKey, offer_code: str, /) -> ServiceOffer | None:
        document = self._collection.find_one({"_id": str(key)}) or {"offers": []}
        offers = [offer_of(offer) for offer in document["offers"]]
        return next((offer for offer in offers if offer.offer_code == offer_code), None)
