"""The catalogue and help that come with a release, as files: what is wrong with them ends the start."""

import json
from pathlib import Path
from typing import Any

from services.chassis.money import Money
from services.content.domain.help_article import HelpArticle, Language
from services.content.domain.offering import AgeMark, Offering, OfferingKind, PriceModel


def load_offerings(folder: Path, /) -> list[Offering]:
    """Return the offerings in all `*.json` of a folder. Raises ValueError for a bad one, and for an id used twice."""
    offerings = [
        _offering(entry)
        for path in sorted(folder.glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]
    if len({offering.offering_id for offering in offerings}) != len(offerings):
        raise ValueError(f"an offering id is used twice in {folder}")
    return offerings


def load_help_articles(folder: Path, /) -> list[HelpArticle]:
    """Return the articles `<language>/<slug>.md`. Raises ValueError when one lacks a translation or its head."""
    articles = [
        _article(path, language) for language in Language for path in sorted((folder / language.value).glob("*.md"))
    ]
    slugs = [{article.slug for article in articles if article.language is language} for language in Language]
    if any(one != slugs[0] for one in slugs):
        raise ValueError(f"an article lacks a translation in {folder}")
    return articles


def _offering(entry: dict[str, Any]) -> Offering:
    return Offering(
        offering_id=entry["offering_id"],
        kind=OfferingKind(entry["kind"]),
        title=entry["title"],
        description=entry["description"],
        year=entry["year"],
        age_mark=AgeMark(entry["age_mark"]),
        price_model=PriceModel(entry["price_model"]),
        price=Money.from_mapping(entry["price"]),
        rental_hours=entry["rental_hours"],
    )


def _article(path: Path, language: Language) -> HelpArticle:
    opening, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    if opening:
        raise ValueError(f"{path} does not begin with its head")
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return HelpArticle(
        slug=path.stem,
        language=language,
        title=fields["title"],
        summary=fields["summary"],
        body_markdown=body.strip(),
        video_url=fields.get("video_url", ""),
    )
