"""Secrets that were planted, and where one of them turned up in the clear (I11)."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import bson.json_util

from tests.faults.ground_truth import Document

# A card's check number is too short to be searched for by itself; a word for it with digits behind it is not.
_CHECK_NUMBER = re.compile(r"(?i)\b(?:cvv2?|cvc2?|csc)\b\W{1,6}\d{3}")


class Canaries:
    """What must not be found: the secret by what it is, so that the complaint does not repeat it."""

    def __init__(self) -> None:
        self._secrets: dict[re.Pattern[str], str] = {}

    def plant(self, what: str, secret: str) -> None:
        """Remember a secret that somebody used; `what` may be used for many.

        Digits are looked for as a number of their own: within a longer one, or an id, they may stand by chance.
        """
        wanted = re.escape(secret)
        if secret.isdigit():
            wanted = rf"(?<![0-9a-f]){wanted}(?![0-9a-f])"
        self._secrets[re.compile(wanted)] = what

    def found_in(self, place: str, text: str) -> Iterator[str]:
        """Yield a complaint for each secret in a text."""
        for secret, what in self._secrets.items():
            if secret.search(text):
                yield f"I11 {place}: {what} in the clear"
        if _CHECK_NUMBER.search(text):
            yield f"I11 {place}: a card's check number in the clear"

    def in_logs(self, folder: Path) -> list[str]:
        """Return what leaked into the logs of a suite."""
        files = sorted(folder.glob("*.log*"))
        assert files, f"no logs in {folder}"
        return [complaint for file in files for complaint in self.found_in(file.name, file.read_text(errors="replace"))]

    def in_documents(self, documents: Iterable[tuple[str, Document]]) -> list[str]:
        """Return what leaked into databases."""
        return [
            complaint
            for place, document in documents
            for complaint in self.found_in(place, bson.json_util.dumps(document, ensure_ascii=False))
        ]

    def in_messages(self, bodies: Iterable[bytes]) -> list[str]:
        """Return what leaked into queues."""
        return [complaint for body in bodies for complaint in self.found_in("a queue", body.decode(errors="replace"))]
