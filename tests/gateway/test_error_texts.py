"""Every reason of the suite has a title, a detail, a next step and a help article in both languages (F27)."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TEXTS = _ROOT / "gateway" / "texts" / "errors"
_HELP = _ROOT / "services" / "content" / "help"
# Between services or with regions only: no client ever sees these.
_INTERNAL = {
    "PAYMENT_ID_REUSED", "CHARGE_ID_REUSED", "REGIONAL_BILL_NOT_FOUND", "SUBSCRIBER_NOT_FOUND",
}  # fmt: skip
_CONTRACTS = [f"{area}/v1/{area}.proto" for area in ("identity", "accounts", "payments", "documents", "content")]
_CONTRACTS += ["accounts/v1/ordering.proto", "accounts/v1/grants.proto"]
_ERRORS = re.compile(r"Errors:(.*?)(?:\n\s*rpc |\n\s*//\s*\n)", re.DOTALL)
_REASON = re.compile(r"\b[A-Z]+(?:_[A-Z0-9]+)+\b")
_CODES = {
    "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION", "OUT_OF_RANGE", "DEADLINE_EXCEEDED",
}  # fmt: skip


def _reasons_in_code() -> Iterator[str]:
    for folder in ("services", "gateway"):
        for file in sorted((_ROOT / folder).rglob("*.py")):
            yield from _reasons_of(ast.parse(file.read_text()))


def _reasons_of(module: ast.Module) -> Iterator[str]:
    classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    for statement in (statement for found in classes for statement in found.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id="reason")], value=ast.Constant(value=str(reason))):
                yield reason
            case ast.AnnAssign(target=ast.Name(id="reason"), value=ast.Constant(value=str(reason))):
                yield reason


def _reasons_in_contracts() -> Iterator[str]:
    """Yield the reasons after "Errors:" in the contracts that the gateway calls."""
    for contract in _CONTRACTS:
        text = (_ROOT / "protos/kabinet" / contract).read_text()
        for found in _ERRORS.finditer(text):
            yield from (word for word in _REASON.findall(found[1].replace("//", " ")) if word not in _CODES)


def _texts() -> dict[str, dict[str, object]]:
    texts: dict[str, dict[str, object]] = {}
    for file in sorted(_TEXTS.glob("*.json")):
        texts = json.loads(file.read_text()) | texts
    return texts


def test_finds_reasons_at_all() -> None:
    assert {"VERSION_CONFLICT", "IDEMPOTENCY_KEY_MISSING"} <= set(_reasons_in_code())
    assert {"OWNERSHIP_NOT_PROVED", "AMOUNT_TOO_LARGE", "SESSION_ENDED", "TARIFF_QUOTE_EXPIRED"} <= set(
        _reasons_in_contracts()
    )


def test_every_reason_in_the_code_has_texts() -> None:
    missing = sorted(set(_reasons_in_code()) - {""} - _texts().keys() - _INTERNAL)

    assert missing == []


def test_every_reason_in_the_contracts_has_texts() -> None:
    missing = sorted(set(_reasons_in_contracts()) - _texts().keys() - _INTERNAL)

    assert missing == []


@pytest.mark.parametrize("file", sorted(_TEXTS.glob("*.json")), ids=lambda file: file.stem)
def test_every_text_is_whole_in_both_languages(file: Path) -> None:
    for reason, entry in json.loads(file.read_text()).items():
        for language in ("ru", "en"):
            assert "next" in entry[language], f"{reason} has no next step ({language}: `next` is missing)"
            assert set(entry[language]) == {"title", "detail", "next"}, reason
            assert all(len(text) > 3 for text in entry[language].values()), reason
            assert _ends_as_a_sentence(entry[language]["detail"]), reason
            assert _ends_as_a_sentence(entry[language]["next"]), reason
            assert entry[language]["next"] not in entry[language]["detail"], reason
            assert (_HELP / language / f"{entry['help']}.md").is_file(), reason
        for part in ("title", "detail", "next"):
            assert re.search("[а-яё]", entry["ru"][part]), reason
            assert not re.search("[а-яё]", entry["en"][part]), reason
        assert _placeholders(entry["ru"]) == _placeholders(entry["en"]), reason


def _ends_as_a_sentence(text: str) -> bool:
    return text[0].isupper() and text.endswith(".")


def _placeholders(words: dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", " ".join(words.values())))
