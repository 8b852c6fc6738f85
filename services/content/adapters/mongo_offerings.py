"""The catalogue in MongoDB, with the terms it is found by.

What a release withdraws is not removed: replicas of the former one may still sell it, and who bought it looks at it.
Each process sells what was put in place by itself, so what is stored by others, earlier or later, changes nothing.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.database import Database

from services.content.adapters.mongo_search import (
    ensure_search_indexes,
    pipeline,
    position_of,
    search_fields,
)
from services.content.adapters.morphology import folded
from services.content.adapters.offering_documents import offering_from_document, offering_to_document
from services.content.domain.offering import Offering, OfferingKind
from services.content.domain.ports import FoundOffering, Lexicon
from services.content.domain.search import Position, Words

Document = dict[str, Any]


class MongoOfferingRepository:
    """Meets `OfferingRepository`."""

    def __init__(self, database: Database[Document], /, *, lexicon: Lexicon) -> None:
        self._collection = database["offerings"]
        self._lexicon = lexicon
        self._sold: frozenset[str] = frozenset()

    def ensure_indexes(self) -> None:
        ensure_search_indexes(self._collection)

    def put(self, offerings: Sequence[Offering], /) -> None:
        writes = [
            ReplaceOne({"_id": offering.offering_id}, self._to_document(offering), upsert=True)
            for offering in offerings
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False)
        self._sold = frozenset(offering.offering_id for offering in offerings)

    def get(self, offering_id: str, /) -> Offering | None:
        return self.get_even_withdrawn(offering_id) if offering_id in self._sold else None

    def get_even_withdrawn(self, offering_id: str, /) -> Offering | None:
        document = self._collection.find_one({"_id": offering_id})
        return offering_from_document(document) if document else None

    def find(
        self, words: Words, *, kind: OfferingKind | None, limit: int, after: Position | None
    ) -> list[FoundOffering]:
        only = {"_id": {"$in": sorted(self._sold)}} | ({"kind": kind.value} if kind else {})
        found = self._collection.aggregate(pipeline(words, only=only, limit=limit, after=after))
        return [
            FoundOffering(offering=offering_from_document(document), position=position_of(document))
            for document in found
        ]

    def _to_document(self, offering: Offering) -> Document:
        fields = search_fields(
            title=self._lexicon.words_of(offering.title),
            elsewhere=self._lexicon.words_of(f"{offering.description} {offering.year}"),
            title_key=folded(offering.title),
        )
        return offering_to_document(offering) | fields
