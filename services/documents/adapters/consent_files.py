"""Consent texts from files `<version>.<language>.md`; a published version is never edited, a new one is added."""

from pathlib import Path

from services.documents.domain.consent import ConsentText, Language


class ConsentFiles:
    """Meets `ConsentTexts`; the highest version, in the order of its text, is the one in force."""

    def __init__(self, folder: Path, /) -> None:
        versions = sorted({path.name.split(".", 1)[0] for path in folder.glob("*.md")})
        if not versions:
            raise ValueError(f"no consent texts in {folder}")
        self._in_force = {language: _read(folder, versions[-1], language) for language in Language}

    def in_force(self, language: Language, /) -> ConsentText:
        return self._in_force[language]


def _read(folder: Path, version: str, language: Language) -> ConsentText:
    text = (folder / f"{version}.{language.value}.md").read_text(encoding="utf-8").strip()
    return ConsentText(version=version, language=language, text=text)
