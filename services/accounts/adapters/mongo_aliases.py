"""Numbers that accounts had, in MongoDB."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.database import Database

from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoAliasRepository:
    """Collection `account_aliases`; `_id` is region and old number."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["account_aliases"]

    def get(self, old: AccountKey, /) -> AccountAlias | None:
        document = self._collection.find_one({"_id": str(old)})
        return _to_alias(document) if document else None

    def holding(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountKey]:
        wanted = {"_id": {"$in": [str(key) for key in keys]}, "ended_at": None}
        aliases = [_to_alias(document) for document in self._collection.find(wanted)] if keys else []
        return {alias.old: alias.new for alias in aliases}

    def save(self, alias: AccountAlias, /) -> None:
        save_aggregate(self._collection, alias, document_id=str(alias.old), document=_to_document(alias))


def _to_document(alias: AccountAlias) -> Document:
    return {
        "region": alias.old.region,
        "old_number": alias.old.number,
        "new_number": alias.new.number,
        "changed_at": alias.changed_at,
        "moved": alias.moved,
        "ended_at": alias.ended_at,
    }


def _to_alias(document: Document) -> AccountAlias:
    return AccountAlias(
        old=AccountKey(region=document["region"], number=document["old_number"]),
        new=AccountKey(region=document["region"], number=document["new_number"]),
        changed_at=document["changed_at"],
        moved=document["moved"],
        ended_at=document["ended_at"],
        version=document["version"],
    )
