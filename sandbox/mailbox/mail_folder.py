"""Mails as .eml files in one folder: a file is complete and on the disk before anybody is told that it was taken."""

import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_binary_file, message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

_SENDER, _RECIPIENTS, _RECEIVED_AT = "X-Envelope-From", "X-Envelope-To", "X-Received-At"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSummary:
    """What a list shows."""

    mail_id: str
    received_at: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    sender: str
    to: str
    subject: str
    message_id: str


class MailFolder:
    """The folder and an index of it in memory, made anew from the files at each start."""

    def __init__(self, folder: Path, /) -> None:
        self._folder = folder
        self._unfinished = folder / "unfinished"
        self._unfinished.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._index = {path.stem: _summary(path.stem, _headers_of(path)) for path in sorted(folder.glob("*.eml"))}

    def add(self, content: bytes, /, *, sender: str, recipients: Sequence[str], received_at: datetime) -> str:
        """Store a mail and return its id; it is flushed to the disk, name included, when this returns.

        The envelope goes in front as headers of our own; the mail itself stays byte for byte.
        """
        mail_id = f"{time.time_ns() // 1000:017d}-{secrets.token_hex(4)}"  # sorts by arrival
        envelope = f"{_RECEIVED_AT}: {received_at.isoformat()}\r\n{_SENDER}: {sender}\r\n" + "".join(
            f"{_RECIPIENTS}: {recipient}\r\n" for recipient in recipients
        )
        data = envelope.encode() + content
        summary = _summary(mail_id, _parse(data))
        self._write(mail_id, data)
        with self._lock:
            self._index[mail_id] = summary
        return mail_id

    def newest_first(self, /, *, recipient: str | None, limit: int) -> list[MailSummary]:
        """Return summaries, of one envelope recipient (in any case of letters) or of all."""
        wanted = recipient.lower() if recipient else None
        with self._lock:
            mails = sorted(self._index.values(), key=lambda mail: mail.mail_id, reverse=True)
        found = [mail for mail in mails if wanted is None or wanted in (to.lower() for to in mail.envelope_to)]
        return found[:limit]

    def summary(self, mail_id: str, /) -> MailSummary | None:
        """Return the summary of a mail, or nothing. Only ids of the index ever become file names."""
        with self._lock:
            return self._index.get(mail_id)

    def raw(self, mail_id: str, /) -> bytes:
        """Return the file of a mail that is known to exist."""
        return (self._folder / f"{mail_id}.eml").read_bytes()

    def message(self, mail_id: str, /) -> EmailMessage:
        """Return a mail, parsed."""
        return _parse(self.raw(mail_id))

    def _write(self, mail_id: str, data: bytes) -> None:
        unfinished = self._unfinished / mail_id
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._folder / f"{mail_id}.eml")
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parse(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)


def _headers_of(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return message_from_binary_file(file, policy=policy.default)


def _summary(mail_id: str, message: EmailMessage) -> MailSummary:
    return MailSummary(
        mail_id=mail_id,
        received_at=str(message.get(_RECEIVED_AT, "")),
        envelope_from=str(message.get(_SENDER, "")),
        envelope_to=tuple(str(value) for value in message.get_all(_RECIPIENTS, [])),
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
    )
