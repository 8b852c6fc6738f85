"""Every refusal of accounts says why and what to do next, in both languages (F27)."""

import json
import string
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import services.accounts.domain.errors as errors_module
from services.chassis.errors import DomainError

_SERVICE = Path(errors_module.__file__).parents[1]
_TEXTS = json.loads((Path(__file__).parents[3] / "gateway" / "texts" / "errors" / "accounts.json").read_text())


def _refusals() -> Iterator[type[DomainError]]:
    for file in sorted((_SERVICE / "domain").glob("*.py")):
        module = import_module(f"services.accounts.domain.{file.stem}")
        for value in vars(module).values():
            if _is_refusal(value) and value.__module__ == module.__name__:
                yield value


def _is_refusal(value: object) -> bool:
    """A family has no reason of its own."""
    return isinstance(value, type) and issubclass(value, DomainError) and value.reason != DomainError.reason


def test_every_reason_has_a_text_and_no_text_is_left_over() -> None:
    assert {refusal.reason for refusal in _refusals()} == set(_TEXTS)


@pytest.mark.parametrize("reason", sorted(_TEXTS))
def test_a_text_says_the_same_in_both_languages_and_where_help_is(reason: str) -> None:
    entry = _TEXTS[reason]

    assert entry["help"]
    assert _placeholders(entry["ru"]["detail"]) == _placeholders(entry["en"]["detail"])
    for language in ("ru", "en"):
        assert entry[language]["title"]
        assert entry[language]["detail"]
        assert entry[language]["next"]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
