"""The texts of letters: one file per language and kind, its first line the subject; nothing else writes letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from services.identity.domain.language import LANGUAGES
from services.identity.domain.registration import LetterKind

_FOLDER = Path(__file__).resolve().parents[1] / "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A letter ready to be sent."""

    subject: str
    body: str


class LetterTexts:
    """All letters, read at the start: one that is missing is found then and not when it is needed."""

    def __init__(self, folder: Path = _FOLDER, /) -> None:
        self._templates = {
            (kind, language): (folder / language / f"{kind.value}.txt").read_text(encoding="utf-8")
            for kind in LetterKind
            for language in LANGUAGES
        }

    def compose(self, kind: LetterKind, /, *, language: str, values: Mapping[str, str]) -> Text:
        """Return the letter. Raises KeyError for a value that its text needs and does not get."""
        subject, _, body = self._templates[kind, language].partition("\n")
        return Text(subject=subject.strip(), body=Template(body.lstrip("\n")).substitute(values))
