"""Reading the catalogue and help, by anybody; and putting both in place at the start."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.paging import PageTokenInvalid, from_page_token, page_size, to_page_token
from services.content.domain.help_article import HelpArticle, HelpArticleNotFound, Language
from services.content.domain.offering import Offering, OfferingKind, OfferingNotFound
from services.content.domain.ports import HelpArticleRepository, Lexicon, OfferingRepository
from services.content.domain.search import Position, check_length

_ARTICLES_AT_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOfferings:
    """A page of the catalogue."""

    offerings: Sequence[Offering]
    next_page_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutCatalogInPlace:
    """Take over the catalogue and help that this release brings. Idempotent; done by every replica at its start."""

    offerings: OfferingRepository
    articles: HelpArticleRepository

    def __call__(self, *, offerings: Sequence[Offering], articles: Sequence[HelpArticle]) -> None:
        self.offerings.put(offerings)
        self.articles.put(articles)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOfferings:
    """Find offerings by words in any form, or list them by title."""

    offerings: OfferingRepository
    lexicon: Lexicon

    def __call__(self, *, query: str, kind: OfferingKind | None, wanted: int, page_token: str) -> FoundOfferings:
        check_length(query)
        after = _position(page_token)
        words = self.lexicon.wanted_words_of(query)
        if query.strip() and not words:  # punctuation only: that is a search without a hit, not the whole list
            return FoundOfferings(offerings=[], next_page_token="")
        size = page_size(wanted)
        found = self.offerings.find(words, kind=kind, limit=size + 1, after=after)
        page = found[:size]
        return FoundOfferings(
            offerings=[one.offering for one in page],
            next_page_token=_token(page[-1].position) if len(found) > size else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOffering:
    """Return one offering, also one that is no longer sold: orders and entitlements lead here."""

    offerings: OfferingRepository

    def __call__(self, *, offering_id: str) -> Offering:
        offering = self.offerings.get_even_withdrawn(offering_id)
        if offering is None:
            raise OfferingNotFound("There is no such offering.")
        return offering


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHelpArticles:
    """Find articles by words in any form, or list them by title."""

    articles: HelpArticleRepository
    lexicon: Lexicon

    def __call__(self, *, query: str, language: Language) -> Sequence[HelpArticle]:
        check_length(query)
        words = self.lexicon.wanted_words_of(query)
        if query.strip() and not words:
            return []
        return self.articles.find(words, language=language, limit=_ARTICLES_AT_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetHelpArticle:
    """Return one article."""

    articles: HelpArticleRepository

    def __call__(self, *, slug: str, language: Language) -> HelpArticle:
        article = self.articles.get(slug, language=language)
        if article is None:
            raise HelpArticleNotFound("There is no such article.")
        return article


def _token(position: Position) -> str:
    return to_page_token(position.score, position.title_key, position.key)


def _position(page_token: str) -> Position | None:
    match from_page_token(page_token, length=3):
        case None:
            return None
        case [int(score), str(title_key), str(key)] if 0 <= score < 2**31:
            return Position(score=score, title_key=title_key, key=key)
        case _:
            raise PageTokenInvalid("The page token is not valid.")
