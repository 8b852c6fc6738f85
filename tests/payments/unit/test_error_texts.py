"""Every reason that payments can raise has a text in both languages that says what to do next (F27)."""

import importlib
import json
import pkgutil
from pathlib import Path

import services.payments as package
from services.chassis.errors import DomainError

_TEXTS = Path(__file__).parents[3] / "gateway" / "texts" / "errors" / "payments.json"


def reasons() -> set[str]:
    for layer in ("domain", "application"):
        folder = [f"{path}/{layer}" for path in package.__path__]
        for module in pkgutil.iter_modules(folder):
            importlib.import_module(f"services.payments.{layer}.{module.name}")
    found = [DomainError]
    for error in found:
        found += error.__subclasses__()
    return {error.reason for error in found if error.__module__.startswith("services.payments.")}


def test_every_reason_has_its_texts_and_every_text_its_reason() -> None:
    texts = json.loads(_TEXTS.read_text())

    assert set(texts) == reasons()
    for text in texts.values():
        assert text["help"] in {"payments", "payment-declined", "autopay", "e-bill"}
        for language in ("ru", "en"):
            assert len(text[language]["title"]) > 5
            assert len(text[language]["detail"]) > 15
            assert len(text[language]["next"]) > 10
