"""Links in MongoDB."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.mongo_values import either_key, key_of, save_announcing
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, LinkReference
from services.accounts.domain.proof_ladder import Relation, Rung
from services.chassis.clock import Clock
from services.chassis.outbox import ensure_outbox_index

Document = dict[str, Any]

# By type, here and in every query: a query uses a partial index only when it asks for no more than the index holds.
_LINKED = {"unlinked_at": {"$type": "null"}}


class MongoBillingAccountRepository:
    """Collection `billing_accounts`. The index `one_link` carries the rule of one link per subscriber and account."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["billing_accounts"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what is missing."""
        self._collection.create_index(
            [("subscriber_id", ASCENDING), ("region", ASCENDING), ("number", ASCENDING)],
            name="one_link",
            unique=True,
            partialFilterExpression=_LINKED,
        )
        self._collection.create_index(
            [("region", ASCENDING), ("number", ASCENDING)], name="links_to", partialFilterExpression=_LINKED
        )
        self._collection.create_index(
            [("subscriber_id", ASCENDING), ("request_id", ASCENDING)],
            name="requested_as",
            partialFilterExpression={"request_id": {"$type": "string"}},
        )
        self._collection.create_index([("region", ASCENDING), ("number", ASCENDING)], name="on_account")
        ensure_outbox_index(self._collection)

    def owned(self, *, subscriber_id: str, billing_account_id: str) -> BillingAccount | None:
        return self._one({"_id": billing_account_id, "subscriber_id": subscriber_id})

    def linked_by(self, subscriber_id: str, /) -> Sequence[BillingAccount]:
        found = self._collection.find(
            {"subscriber_id": subscriber_id, **_LINKED},
            sort=[("linked_at", ASCENDING), ("_id", ASCENDING)],
        )
        return [_to_account(document) for document in found]

    def linked_to(self, key: AccountKey, /, *, subscriber_id: str) -> BillingAccount | None:
        return self._one({"subscriber_id": subscriber_id, "region": key.region, "number": key.number, **_LINKED})

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> BillingAccount | None:
        return self._one({"subscriber_id": subscriber_id, "request_id": request_id, **_LINKED})

    def get(self, billing_account_id: str, /) -> BillingAccount | None:
        return self._one({"_id": billing_account_id})

    def links_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[LinkReference]]:
        links: dict[AccountKey, list[LinkReference]] = {}
        if not keys:
            return links
        fields = dict.fromkeys(("region", "number", "linked_at", "proved_at"), 1)
        for document in self._collection.find(either_key(keys) | _LINKED, fields):
            link = LinkReference(billing_account_id=document["_id"], proved_at=_proved_at(document))
            links.setdefault(key_of(document), []).append(link)
        return links

    def on(self, key: AccountKey, /) -> Sequence[BillingAccount]:
        found = self._collection.find({"region": key.region, "number": key.number}).sort("_id", ASCENDING)
        return [_to_account(document) for document in found]

    def save(self, account: BillingAccount, /) -> None:
        try:
            save_announcing(
                self._collection,
                account,
                document_id=account.billing_account_id,
                document=_to_document(account),
                now=self._clock.now(),
            )
        except DuplicateKeyError:
            raise AlreadyLinked from None

    def _one(self, query: Document) -> BillingAccount | None:
        document = self._collection.find_one(query)
        return _to_account(document) if document else None


def _to_document(account: BillingAccount) -> Document:
    return {
        "subscriber_id": account.subscriber_id,
        "region": account.key.region,
        "number": account.key.number,
        "relation": account.relation.value,
        "label": account.label,
        "rung": account.rung.name.lower(),
        "request_id": account.request_id,
        "linked_at": account.linked_at,
        "proved_at": account.proved_at,
        "unlinked_at": account.unlinked_at,
    }


def _to_account(document: Document) -> BillingAccount:
    return BillingAccount(
        billing_account_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        key=key_of(document),
        relation=Relation(document["relation"]),
        label=document["label"],
        rung=Rung[document["rung"].upper()],
        request_id=document["request_id"],
        linked_at=document["linked_at"],
        proved_at=_proved_at(document),
        unlinked_at=document["unlinked_at"],
        version=document["version"],
    )


def _proved_at(document: Document) -> datetime:
    """Documents of earlier releases have no such moment: then the account was proved when it was linked."""
    moment: datetime = document.get("proved_at") or document["linked_at"]
    return moment
