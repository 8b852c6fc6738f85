"""Search by terms in MongoDB: the fields that a searchable document has, and the query over them."""

from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection

from services.content.domain.search import Position, Words

Document = dict[str, Any]

_ORDER = {"_score": -1, "title_key": 1, "_id": 1}


def search_fields(*, title: Words, elsewhere: Words, title_key: str) -> Document:
    """Return what is kept beside a document so that it can be found: every form's terms, and the key to sort by."""
    in_title = sorted(frozenset().union(*title))
    return {
        "title_key": title_key,
        "title_terms": in_title,
        "terms": sorted(frozenset(in_title).union(*elsewhere)),
    }


def ensure_search_indexes(collection: Collection[Document], /) -> None:
    """Index the terms, and the order of lists."""
    collection.create_index([("terms", ASCENDING)], name="terms")
    collection.create_index([("title_key", ASCENDING), ("_id", ASCENDING)], name="title")


def pipeline(words: Words, *, only: Document, limit: int, after: Position | None) -> list[Document]:
    """Return the stages that find the documents holding the most of the words, title before elsewhere.

    A word is held when any of its terms is. Only those that hold as many words as the best one are kept: whoever types
    two words wants both, unless nothing has both. Without words everything is listed by title.
    """
    stages: list[Document] = [{"$match": only | _any_of(words)}]
    if words:
        stages += [
            {"$set": {"_covered": _count(words, "$terms"), "_score": _count(words, "$title_terms")}},
            {"$setWindowFields": {"output": {"_best": {"$max": "$_covered"}}}},
            {"$match": {"$expr": {"$eq": ["$_covered", "$_best"]}}},
        ]
    else:
        stages.append({"$set": {"_score": 0}})
    if after is not None:
        stages.append({"$match": _beyond(after)})
    return [*stages, {"$sort": _ORDER}, {"$limit": limit}]


def position_of(document: Document, /) -> Position:
    """Return where in the list a found document stands."""
    return Position(score=document["_score"], title_key=document["title_key"], key=document["_id"])


def _any_of(words: Words) -> Document:
    return {"terms": {"$in": sorted(frozenset().union(*words))}} if words else {}


def _count(words: Words, field: str) -> Document:
    return {"$add": [{"$cond": [_holds(sorted(terms), field), 1, 0]} for terms in words]}


def _holds(terms: list[str], field: str) -> Document:
    """`$literal`, so that no typed word is ever read as the name of a field."""
    return {"$gt": [{"$size": {"$setIntersection": [field, {"$literal": terms}]}}, 0]}


def _beyond(position: Position) -> Document:
    return {
        "$or": [
            {"_score": {"$lt": position.score}},
            {"_score": position.score, "title_key": {"$gt": position.title_key}},
            {"_score": position.score, "title_key": position.title_key, "_id": {"$gt": position.key}},
        ]
    }
