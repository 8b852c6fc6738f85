"""What is inside a mail: text, HTML and attachments, whatever way its parts are nested."""

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is meant to be kept as a file."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of its bytes, to compare with what was sent."""
        return hashlib.sha256(self.content).hexdigest()


def text_of(message: EmailMessage, /) -> str | None:
    """Return the plain text, or nothing."""
    return _body(message, "plain")


def html_of(message: EmailMessage, /) -> str | None:
    """Return the HTML, or nothing."""
    return _body(message, "html")


def attachments_of(message: EmailMessage, /) -> list[Attachment]:
    """Return the attachments in their order."""
    return [
        Attachment(
            name=part.get_filename() or f"attachment-{number}",
            content_type=part.get_content_type(),
            content=_bytes_of(part),
        )
        for number, part in enumerate(message.iter_attachments(), start=1)
    ]


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    return str(cast("EmailMessage", part).get_content()).replace("\r\n", "\n")  # CRLF belongs to the wire


def _bytes_of(part: EmailMessage) -> bytes:
    """Return the decoded bytes; an attached mail is its own text."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else part.as_bytes()
