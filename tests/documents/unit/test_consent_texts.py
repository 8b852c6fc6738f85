"""Consent texts: the newest version is in force, in both languages, and its words can be proved."""

from hashlib import sha256
from pathlib import Path

import pytest

import services.documents.config
from services.documents.adapters.consent_files import ConsentFiles
from services.documents.domain.consent import Channel, ConsentGiven, ConsentMissing, Language
from tests.documents.builders import A_MORNING

SHIPPED = Path(services.documents.config.__file__).parent / "texts" / "e-bill-consent"


def test_has_the_newest_version_in_force(tmp_path: Path) -> None:
    for version in ("2026-01", "2026-11", "2026-02"):
        for language in Language:
            (tmp_path / f"{version}.{language.value}.md").write_text(f"{version} in {language.value}\n")

    texts = ConsentFiles(tmp_path)

    assert texts.in_force(Language.RU).text == "2026-11 in ru"
    assert texts.in_force(Language.EN).version == "2026-11"


def test_does_not_start_without_a_translation(tmp_path: Path) -> None:
    (tmp_path / "2026-01.ru.md").write_text("text")

    with pytest.raises(FileNotFoundError):
        ConsentFiles(tmp_path)


def test_records_the_hash_of_the_very_text_that_was_shown() -> None:
    text = ConsentFiles(SHIPPED).in_force(Language.RU)

    consent = ConsentGiven.to(text, version=text.version, channel=Channel.MOBILE, at=A_MORNING)

    assert consent.text_sha256 == sha256(text.text.encode()).hexdigest()
    assert consent.language is Language.RU


def test_refuses_a_consent_to_another_version_than_the_one_in_force() -> None:
    text = ConsentFiles(SHIPPED).in_force(Language.RU)

    with pytest.raises(ConsentMissing):
        ConsentGiven.to(text, version="2014-07", channel=Channel.WEB, at=A_MORNING)
