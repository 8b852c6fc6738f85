"""What comes with a release: it loads, it is complete, and what is wrong ends the start."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import services.content.config
from services.content.adapters.catalog_files import load_help_articles, load_offerings
from services.content.domain.help_article import Language
from services.content.domain.offering import OfferingKind

CONTENT = Path(services.content.config.__file__).parent
SLUGS = {
    "registration",
    "login",
    "social-login",
    "attach-account",
    "disputed-account",
    "figures-and-freshness",
    "payments",
    "payment-declined",
    "autopay",
    "e-bill",
    "content-orders",
    "regions-cutover",
    "security",
}
GOOD: dict[str, Any] = {
    "offering_id": "off_a",
    "kind": "film",
    "title": "А",
    "description": "",
    "year": 2000,
    "age_mark": 0,
    "price_model": "rental",
    "price": {"amount_minor": 100, "currency": "RUB"},
    "rental_hours": 48,
}


def test_brings_a_catalogue_of_all_kinds() -> None:
    offerings = load_offerings(CONTENT / "catalog")

    assert len(offerings) >= 60
    assert {offering.kind for offering in offerings} == set(OfferingKind)
    assert {offering.age_mark.value for offering in offerings} == {0, 6, 12, 16, 18}
    assert all(offering.description for offering in offerings)


def test_brings_every_article_in_both_languages() -> None:
    articles = load_help_articles(CONTENT / "help")

    for language in Language:
        assert {article.slug for article in articles if article.language is language} == SLUGS
    assert all(article.title and article.summary and len(article.body_markdown) > 200 for article in articles)


def test_leads_from_article_to_article_without_a_dead_end() -> None:
    links = {
        link
        for article in load_help_articles(CONTENT / "help")
        for link in re.findall(r"\]\(([^)]+)\)", article.body_markdown)
    }

    assert links
    assert links <= SLUGS


def test_reads_the_address_of_a_video(tmp_path: Path) -> None:
    for language in Language:
        (tmp_path / language.value).mkdir()
        head = "---\ntitle: T: t\nsummary: S\nvideo_url: https://video.example/1\n---\n"
        (tmp_path / language.value / "a.md").write_text(f"{head}\nBody\n---\nmore")

    article = load_help_articles(tmp_path)[0]

    assert (article.title, article.video_url) == ("T: t", "https://video.example/1")
    assert article.body_markdown == "Body\n---\nmore"


@pytest.mark.parametrize(
    "changes",
    [
        {"offering_id": "film_a"},
        {"title": ""},
        {"kind": "game"},
        {"age_mark": 13},
        {"price": {"amount_minor": 0, "currency": "RUB"}},
        {"price": {"amount_minor": 1.5, "currency": "RUB"}},
        {"rental_hours": 0},
        {"price_model": "purchase"},
    ],
)
def test_does_not_start_with_a_bad_offering(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps([GOOD | changes]))

    with pytest.raises((ValueError, TypeError)):
        load_offerings(tmp_path)


def test_does_not_start_with_an_id_used_twice(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([GOOD]))
    (tmp_path / "b.json").write_text(json.dumps([GOOD]))

    with pytest.raises(ValueError, match="twice"):
        load_offerings(tmp_path)


def test_does_not_start_without_a_translation(tmp_path: Path) -> None:
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "a.md").write_text("---\ntitle: T\nsummary: S\n---\nBody")

    with pytest.raises(ValueError, match="translation"):
        load_help_articles(tmp_path)
