"""The archive of PDFs in MongoDB: one document per PDF, its SHA-256 the id; nothing in it is ever changed.

One document rather than GridFS or files: a single insert is atomic, so a kill leaves a whole PDF or none
(docs/decisions/0007).
"""

from hashlib import sha256
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.documents.domain.ports import StepFailed

Document = dict[str, Any]

_LARGEST_BYTES = 15 * 1024 * 1024  # a document ends at 16 MB; a bill of a thousand lines is far below 1 MB


class MongoArchive:
    """Meets `Archive`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._collection = database["archive"]
        self._clock = clock

    def put(self, content: bytes, /) -> str:
        if len(content) > _LARGEST_BYTES:
            raise StepFailed("The PDF is too large for the archive.", size_bytes=str(len(content)))
        digest = sha256(content).hexdigest()
        try:
            self._collection.insert_one({"_id": digest, "content": content, "archived_at": self._clock.now()})
        except DuplicateKeyError:  # archived by a try that was interrupted: the same content, by its hash
            return digest
        return digest

    def get(self, sha256: str, /) -> bytes:
        document = self._collection.find_one({"_id": sha256})
        if document is None:
            raise StepFailed("The archive lacks a PDF.", sha256=sha256)
        content = bytes(document["content"])
        if _digest(content) != sha256:
            raise StepFailed("A PDF in the archive is damaged.", sha256=sha256)
        return content


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
