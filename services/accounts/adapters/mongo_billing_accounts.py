"""Links in MongoDB."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.accounts.adapters.grant_documents import grant_document, grant_of
from services.accounts.adapters.mongo_values import either_key, key_of, when_present
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, LinkReference
from services.accounts.domain.claim import Claim
from services.accounts.domain.grant import GrantCodeSpent, GrantEnd
from services.accounts.domain.proof_ladder import Relation, Rung
from services.chassis.clock import Clock
from services.chassis.mongo import exactly
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields

Document = dict[str, Any]

# By type, here and in every query: a query uses a partial index only when it asks for no more than the index holds.
_LINKED = {"unlinked_at": {"$type": "null"}}
_GRANT_ID = "grant.grant_id"
_GRANTOR = "grant.grantor_billing_account_id"
_CLAIMED = {"relation": Relation.OWN.value, "rung": {"$ne": Rung.PAY.name.lower()}}
_OF_A_CLAIM = {"region": 1, "number": 1, "linked_at": 1, "claimed_at": 1, "confirmed_at": 1}

# What a proof gave before there was a code of the contact: all that the highest rung gives now.
_FORMER_RUNGS = {"full": Rung.MANAGE}


class MongoBillingAccountRepository:
    """Collection `billing_accounts`. The index `one_link` carries the rule of one link per subscriber and account,
    `one_per_grant` that a grant is accepted once for ever."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = billing_accounts_of(database)
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
        self._collection.create_index(
            _GRANT_ID, name="one_per_grant", unique=True, partialFilterExpression={_GRANT_ID: {"$type": "string"}}
        )
        self._collection.create_index(
            _GRANTOR, name="granted_by", partialFilterExpression=_LINKED | {_GRANTOR: {"$type": "string"}}
        )
        self._collection.create_index([("region", ASCENDING), ("number", ASCENDING)], name="on_account")
        ensure_work_index(self._collection)
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
        return self._one({"subscriber_id": subscriber_id, "request_id": exactly(request_id), **_LINKED})

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

    def many(self, billing_account_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        found = self._collection.find({"_id": {"$in": list(billing_account_ids)}})
        return {document["_id"]: _to_account(document) for document in found}

    def standing_on(self, grant_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        found = self._collection.find({_GRANT_ID: {"$in": list(grant_ids), "$type": "string"}})
        return {document["grant"]["grant_id"]: _to_account(document) for document in found}

    def granted_by(self, billing_account_id: str, /) -> Sequence[BillingAccount]:
        found = self._collection.find({_GRANTOR: exactly(billing_account_id), **_LINKED})
        return [_to_account(document) for document in found]

    def claims_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[Claim]]:
        claims: dict[AccountKey, list[Claim]] = {}
        if not keys:
            return claims
        for document in self._collection.find(either_key(keys) | _CLAIMED | _LINKED, _OF_A_CLAIM):
            claims.setdefault(key_of(document), []).append(_to_claim(document))
        return claims

    def save(self, account: BillingAccount, /) -> None:
        try:
            save_announcing(
                self._collection,
                account,
                document_id=account.billing_account_id,
                document=_to_document(account),
                now=self._clock.now(),
            )
        except DuplicateKeyError as error:
            raise (GrantCodeSpent if _GRANT_ID in (error.details or {})["keyPattern"] else AlreadyLinked) from None

    def _one(self, query: Document) -> BillingAccount | None:
        document = self._collection.find_one(query)
        return _to_account(document) if document else None


class MongoLinkQueue:
    """Links that are to be looked after, leased to one claimer at a time."""

    def __init__(self, work: DueWork, /) -> None:
        self._work = work

    def claim(self) -> BillingAccount | None:
        return when_present(self._work.claim(), _to_account)


def billing_accounts_of(database: Database[Document], /) -> Collection[Document]:
    """Return the collection, for whoever claims work of it."""
    return database["billing_accounts"]


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
        "numbered_at": account.numbered_at,
        "claimed_at": account.claimed_at,
        "confirmed_at": account.confirmed_at,
        "unlinked_at": account.unlinked_at,
        "grant": when_present(account.grant, grant_document),
        "grant_end": account.grant_end.value if account.grant_end else None,
    } | work_fields(account.due_at)


def _to_account(document: Document) -> BillingAccount:
    """A link from before there were grants has none of their fields."""
    relation, rung = Relation(document["relation"]), _to_rung(document["rung"])
    claims = relation is Relation.OWN and rung is not Rung.PAY
    return BillingAccount(
        billing_account_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        key=key_of(document),
        relation=relation,
        label=document["label"],
        rung=rung,
        request_id=document["request_id"],
        linked_at=document["linked_at"],
        proved_at=_proved_at(document),
        numbered_at=document.get("numbered_at") or _proved_at(document),  # written from a later release on
        claimed_at=_claimed_at(document) if claims else None,
        confirmed_at=document.get("confirmed_at"),
        unlinked_at=document["unlinked_at"],
        grant=when_present(document.get("grant"), grant_of),
        grant_end=when_present(document.get("grant_end"), GrantEnd),
        due_at=due_at_of(document) if "work" in document else None,
        version=document["version"],
    )


def _to_claim(document: Document) -> Claim:
    return Claim(
        billing_account_id=document["_id"],
        claimed_at=_claimed_at(document),
        confirmed_at=document.get("confirmed_at"),
    )


def _claimed_at(document: Document) -> datetime:
    """A link that was saved before claims had a moment of their own claims since it was made."""
    moment: datetime = document.get("claimed_at") or document["linked_at"]
    return moment


def _proved_at(document: Document) -> datetime:
    """A link that was saved before proofs had a moment was proved when it was made."""
    moment: datetime = document.get("proved_at") or document["linked_at"]
    return moment


def _to_rung(name: str) -> Rung:
    return _FORMER_RUNGS.get(name) or Rung[name.upper()]
