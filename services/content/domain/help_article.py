"""Help: articles that every error leads to (F22, F27)."""

from dataclasses import dataclass
from enum import Enum

from services.chassis.errors import DomainError, Kind


class HelpArticleNotFound(DomainError):
    """There is no article of that name."""

    reason = "HELP_ARTICLE_NOT_FOUND"
    kind = Kind.NOT_FOUND


class Language(Enum):
    """The languages that help exists in."""

    RU = "ru"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpArticle:
    """An article in one language; its name in addresses is the same in all."""

    slug: str
    language: Language
    title: str
    summary: str
    body_markdown: str
    video_url: str = ""
