"""Offered grants in MongoDB."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.grant_documents import terms_document, terms_of
from services.accounts.adapters.mongo_values import key_of
from services.accounts.adapters.mongo_wishes import ensure_one_per_request
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.grant_offer import GrantOffer, OfferState
from services.chassis.errors import VersionConflict
from services.chassis.saving import save_aggregate

Document = dict[str, Any]

_LATEST = 200
_NEWEST_FIRST = [("offered_at", DESCENDING), ("_id", DESCENDING)]


class MongoGrantOfferRepository:
    """Collection `grant_offers`; of the code it holds a hash. MongoDB removes what nobody accepted."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["grant_offers"]

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        ensure_one_per_request(self._collection)
        self._collection.create_index([("billing_account_id", ASCENDING), *_NEWEST_FIRST], name="given_on")
        self._collection.create_index([("region", ASCENDING), ("number", ASCENDING), *_NEWEST_FIRST], name="on_account")
        self._collection.create_index("forgotten_at", name="forget", expireAfterSeconds=0)

    def get(self, grant_id: str, /) -> GrantOffer | None:
        return self._one({"_id": grant_id})

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> GrantOffer | None:
        return self._one({"subscriber_id": subscriber_id, "request_id": request_id})

    def given_on(self, billing_account_id: str, /) -> Sequence[GrantOffer]:
        found = self._collection.find({"billing_account_id": billing_account_id}, sort=_NEWEST_FIRST)
        return [_to_offer(document) for document in found]

    def on(self, key: AccountKey, /) -> Sequence[GrantOffer]:
        found = self._collection.find({"region": key.region, "number": key.number}, sort=_NEWEST_FIRST, limit=_LATEST)
        return [_to_offer(document) for document in found]

    def save(self, offer: GrantOffer, /) -> None:
        try:
            save_aggregate(self._collection, offer, document_id=offer.grant_id, document=_to_document(offer))
        except DuplicateKeyError:
            raise VersionConflict("The same request came twice at the same moment.", id=offer.grant_id) from None

    def _one(self, query: Document) -> GrantOffer | None:
        document = self._collection.find_one(query)
        return _to_offer(document) if document else None


def _to_document(offer: GrantOffer) -> Document:
    return {
        "subscriber_id": offer.subscriber_id,
        "billing_account_id": offer.billing_account_id,
        "region": offer.key.region,
        "number": offer.key.number,
        "terms": terms_document(offer.terms),
        "label": offer.label,
        "code_hash": offer.code_hash,
        "request_id": offer.request_id,
        "offered_at": offer.offered_at,
        "open_until": offer.open_until,
        "state": offer.state.value,
        "settled_at": offer.settled_at,
        "forgotten_at": offer.forgotten_at,
    }


def _to_offer(document: Document) -> GrantOffer:
    return GrantOffer(
        grant_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        key=key_of(document),
        terms=terms_of(document["terms"]),
        label=document["label"],
        code_hash=document["code_hash"],
        request_id=document["request_id"],
        offered_at=document["offered_at"],
        open_until=document["open_until"],
        state=OfferState(document["state"]),
        settled_at=document["settled_at"],
        version=document["version"],
    )
