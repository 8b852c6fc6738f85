"""Help in MongoDB, with the terms it is found by. Each process shows what was put in place by itself."""

from collections.abc import Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.database import Database

from services.content.adapters.mongo_search import ensure_search_indexes, pipeline, search_fields
from services.content.adapters.morphology import folded
from services.content.domain.help_article import HelpArticle, Language
from services.content.domain.ports import Lexicon
from services.content.domain.search import Words

Document = dict[str, Any]


class MongoHelpArticleRepository:
    """Meets `HelpArticleRepository`."""

    def __init__(self, database: Database[Document], /, *, lexicon: Lexicon) -> None:
        self._collection = database["help_articles"]
        self._lexicon = lexicon
        self._shown: frozenset[str] = frozenset()

    def ensure_indexes(self) -> None:
        ensure_search_indexes(self._collection)

    def put(self, articles: Sequence[HelpArticle], /) -> None:
        writes = [
            ReplaceOne({"_id": _id(article.slug, article.language)}, self._to_document(article), upsert=True)
            for article in articles
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False)
        self._shown = frozenset(_id(article.slug, article.language) for article in articles)

    def get(self, slug: str, *, language: Language) -> HelpArticle | None:
        key = _id(slug, language)
        document = self._collection.find_one({"_id": key}) if key in self._shown else None
        return _from_document(document) if document else None

    def find(self, words: Words, *, language: Language, limit: int) -> list[HelpArticle]:
        only = {"_id": {"$in": sorted(self._shown)}, "language": language.value}
        stages = pipeline(words, only=only, limit=limit, after=None)
        return [_from_document(document) for document in self._collection.aggregate(stages)]

    def _to_document(self, article: HelpArticle) -> Document:
        fields = search_fields(
            title=self._lexicon.words_of(f"{article.title} {article.summary}"),
            elsewhere=self._lexicon.words_of(article.body_markdown),
            title_key=folded(article.title),
        )
        return {
            "slug": article.slug,
            "language": article.language.value,
            "title": article.title,
            "summary": article.summary,
            "body_markdown": article.body_markdown,
            "video_url": article.video_url,
        } | fields


def _id(slug: str, language: Language) -> str:
    return f"{language.value}:{slug}"


def _from_document(document: Document) -> HelpArticle:
    return HelpArticle(
        slug=document["slug"],
        language=Language(document["language"]),
        title=document["title"],
        summary=document["summary"],
        body_markdown=document["body_markdown"],
        video_url=document["video_url"],
    )
