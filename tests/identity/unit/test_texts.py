"""What identity says to people: every letter and every refusal, in both languages, with everything they name."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import services.identity
from services.chassis.errors import DomainError
from services.identity.adapters.letter_texts import LetterTexts
from services.identity.domain.registration import LetterKind

_ERRORS = json.loads((Path(__file__).parents[3] / "gateway/texts/errors/identity.json").read_text(encoding="utf-8"))
_VALUES = {"login": "anna.petrova", "public_url": "https://kabinet.example"}
_METADATA = {
    "LOGIN_INVALID": {"shortest", "longest"},
    "PASSWORD_TOO_SHORT": {"shortest"},
    "CONSENT_MISSING": {"documents"},
    "CODE_WRONG": {"tries_left"},
    "SOCIAL_PROVIDER_UNAVAILABLE": {"provider"},
}


def _own_reasons() -> set[str]:
    for package in ("domain", "application", "adapters"):
        path = str(Path(next(iter(services.identity.__path__))) / package)
        for module in pkgutil.iter_modules([path]):
            importlib.import_module(f"services.identity.{package}.{module.name}")
    return {each.reason for each in DomainError.__subclasses__() if each.__module__.startswith("services.identity.")}


def test_every_refusal_has_its_texts_and_no_text_is_left_over() -> None:
    assert set(_ERRORS) == _own_reasons()


@pytest.mark.parametrize("reason", _ERRORS)
def test_a_refusal_says_in_both_languages_what_to_do_and_names_only_what_it_knows(reason: str) -> None:
    entry = _ERRORS[reason]

    assert set(entry) == {"ru", "en", "help"}
    for language in ("ru", "en"):
        title, detail, next_step = (entry[language][part] for part in ("title", "detail", "next"))
        assert title and detail and next_step
        assert set(re.findall(r"{(\w+)}", title + detail + next_step)) <= _METADATA.get(reason, set())


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", LetterKind)
def test_every_letter_is_written_and_only_one_kind_holds_a_code(kind: LetterKind, language: str) -> None:
    text = LetterTexts().compose(kind, language=language, values=_VALUES | {"code": "01234567", "minutes": "10"})

    assert text.subject and "$" not in text.subject + text.body
    assert "https://kabinet.example" in text.body
    assert ("01234567" in text.body) == (kind is LetterKind.CODE)
    assert bool(re.search("[а-я]", text.body)) == (language == "ru")
