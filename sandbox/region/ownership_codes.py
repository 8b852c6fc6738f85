"""Codes to the contact of an account: asked for, mailed, tried; what the books hold of them is enough for neither.

A code follows from its id and the region's secret, so it stands in no row; a number that there is not gets a row like
any other, and only the letter is left out, later and out of sight.
"""

import hashlib
import hmac
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.region import refusals
from sandbox.region.values import render_time

VALID_FOR = timedelta(minutes=10)
_DIGITS = 7
_TRIES = 5
_MOST_AN_HOUR = 5
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A code on its way to an account's owner."""

    code_id: str
    number: str
    email: str
    code: str


class OwnershipCodes:
    """Each method is one transaction's part; a code belongs to a number and the claimant that it was asked for with."""

    def __init__(self, *, secret: bytes) -> None:
        self._secret = hashlib.sha256(b"ownership codes\n" + secret).digest()

    @classmethod
    def from_key(cls, key_file: Path, /) -> "OwnershipCodes":
        """Return codes whose secret hangs on the region's own private key."""
        return cls(secret=key_file.read_bytes())

    def ask(self, connection: sqlite3.Connection, /, *, number: str, claimant: str, now: datetime) -> None:
        """Write down a new code, which replaces the one before; refuse the sixth within an hour. Older ones are gone:
        they neither are good nor count any more."""
        connection.execute("DELETE FROM ownership_codes WHERE asked_at <= ?", (render_time(now - _AN_HOUR),))
        asked = connection.execute(
            "SELECT count(*) FROM ownership_codes WHERE number = ? AND claimant = ?", (number, claimant)
        ).fetchone()[0]
        if asked >= _MOST_AN_HOUR:
            raise refusals.not_now("TOO_MANY_CODES", "Enough codes were sent to this number for now.")
        connection.execute(
            """INSERT INTO ownership_codes (code_id, number, claimant, asked_at, expires_at)
               VALUES (?, ?, ?, ?, ?)""",
            (uuid.uuid4().hex, number, claimant, render_time(now), render_time(now + VALID_FOR)),
        )

    def redeem(
        self, connection: sqlite3.Connection, /, *, number: str, claimant: str, code: str, now: datetime
    ) -> bool:
        """Tell whether a code is right; it is good once, and each try counts before it is looked at."""
        row = connection.execute(
            """SELECT c.*, EXISTS (SELECT 1 FROM accounts a JOIN contacts USING (number)
                                   WHERE a.number = c.number AND NOT a.closed) AS has_contact
               FROM ownership_codes c WHERE number = ? AND claimant = ? ORDER BY asked_at DESC, rowid DESC LIMIT 1""",
            (number, claimant),
        ).fetchone()
        if row is None:
            return False
        connection.execute("UPDATE ownership_codes SET tries = tries + 1 WHERE code_id = ?", (row["code_id"],))
        alive = not row["spent"] and row["tries"] < _TRIES and row["expires_at"] > render_time(now)
        right = hmac.compare_digest(self._code(row["code_id"]).encode(), code.strip().encode())
        if not (alive and right and row["has_contact"]):
            return False
        connection.execute("UPDATE ownership_codes SET spent = 1 WHERE code_id = ?", (row["code_id"],))
        return True

    def letters(self, connection: sqlite3.Connection, /, *, now: datetime) -> list[Letter]:
        """Return what is to be mailed: codes that are good, of open accounts with a contact."""
        rows = connection.execute(
            """SELECT code_id, number, email FROM ownership_codes JOIN contacts USING (number)
               JOIN accounts USING (number)
               WHERE to_send AND NOT closed AND expires_at > ? ORDER BY asked_at""",
            (render_time(now),),
        )
        return [
            Letter(code_id=row["code_id"], number=row["number"], email=row["email"], code=self._code(row["code_id"]))
            for row in rows
        ]

    def note_sent(self, connection: sqlite3.Connection, letter: Letter, /) -> None:
        """A letter has left; killed before this, it leaves once more, with the same code."""
        connection.execute("UPDATE ownership_codes SET to_send = 0 WHERE code_id = ?", (letter.code_id,))

    def _code(self, code_id: str) -> str:
        number = int.from_bytes(hmac.digest(self._secret, code_id.encode(), hashlib.sha256))
        return f"{number % 10**_DIGITS:0{_DIGITS}d}"
