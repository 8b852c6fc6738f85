"""Every text for people, in Russian and English, from `gateway/texts/`: one place, read once at start."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES = ("ru", "en")
DEFAULT_LANGUAGE = "ru"
_FOLDER = Path(__file__).parent / "texts"
_MINOR = "_minor"  # how metadata of a refusal say that a value is a sum in kopecks
_KOPECKS = re.compile(r"^-?\d{1,18}$", re.ASCII)
NARROW_SPACE = "\u202f"
NO_BREAK = "\u00a0"
_MINUS = "\u2212"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """What to say about a refusal: what it is, why, what to do next; and where help about it is."""

    title: str
    detail: str
    next_step: str
    help_slug: str


class _Known(dict[str, str]):
    """Values for placeholders; a missing one becomes a dash instead of an error inside an error."""

    def __missing__(self, key: str) -> str:
        return "—"


class ErrorTexts:
    """Texts by the reason of a refusal: one file per area, written by whoever raises the reason."""

    def __init__(self, texts: Mapping[str, Mapping[str, Any]], /) -> None:
        self._texts = texts

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(self._texts)

    def of(self, reason: str, /, *, otherwise: str, language: str, metadata: Mapping[str, str]) -> ErrorText:
        """Return the text of a reason, or of `otherwise` when a newer service names one that is not known here."""
        entry = self._texts.get(reason) or self._texts[otherwise]
        words = entry[language]
        values = _Known(_sums(metadata, language) | dict(metadata))
        return ErrorText(
            title=words["title"].format_map(values),
            detail=words["detail"].format_map(values),
            next_step=words["next"].format_map(values),
            help_slug=entry["help"],
        )


def sum_in_words(amount_minor: int, currency: str, /, *, language: str) -> str:
    """Return a sum with its currency as people write it."""
    whole, minor = divmod(abs(amount_minor), 100)
    sign = _MINUS if amount_minor < 0 else ""
    grouped = f"{whole:,}".replace(",", NARROW_SPACE if language == "ru" else ",")
    point = "," if language == "ru" else "."
    mark = "₽" if currency == "RUB" else currency
    if language == "ru" or mark != "₽":
        return f"{sign}{grouped}{point}{minor:02}{NO_BREAK}{mark}"
    return f"{sign}{mark}{grouped}{point}{minor:02}"


def _sums(metadata: Mapping[str, str], language: str) -> dict[str, str]:
    """Return each `<name>_minor` as `<name>`, a sum in words."""
    return {
        name.removesuffix(_MINOR): sum_in_words(int(value), metadata.get("currency", "RUB"), language=language)
        for name, value in metadata.items()
        if name.endswith(_MINOR) and _KOPECKS.match(value)
    }


def load_error_texts(folder: Path = _FOLDER / "errors", /) -> ErrorTexts:
    """Read all areas. A reason that several of them raise is explained by the first one in the alphabet."""
    texts: dict[str, Mapping[str, Any]] = {}
    for file in sorted(folder.glob("*.json")):
        texts = json.loads(file.read_text()) | texts
    return ErrorTexts(texts)


def load_texts(*names: str) -> Mapping[str, Mapping[str, str]]:
    """Read `<name>.<language>.json` of each language and put the names together, flat: key to text."""
    return {language: _put_together(names, language) for language in LANGUAGES}


def _put_together(names: tuple[str, ...], language: str) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for name in names:
        texts |= json.loads((_FOLDER / f"{name}.{language}.json").read_text())
    return texts
