"""The record of consents to e-bills: what was agreed to, when, where; entries are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256

from services.chassis.errors import DomainError, Kind


class ConsentMissing(DomainError):
    """The subscriber was shown another text than the one in force, so they have not agreed to it."""

    reason = "CONSENT_MISSING"
    kind = Kind.INVALID


class Channel(Enum):
    """Where the text was shown."""

    WEB = "web"
    MOBILE = "mobile"
    API = "api"


class Language(Enum):
    """The languages that texts exist in."""

    RU = "ru"
    EN = "en"


class EndCause(Enum):
    """Why a consent no longer holds."""

    WITHDRAWN = "withdrawn"
    ACCOUNT_UNLINKED = "account_unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """One version of the text in one language."""

    version: str
    language: Language
    text: str

    @property
    def sha256(self) -> str:
        """The hash by which it can be shown later which words were agreed to."""
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """A subscriber agreed to a text."""

    version: str
    text_sha256: str
    language: Language
    channel: Channel
    at: datetime

    @classmethod
    def to(cls, text: ConsentText, /, *, version: str, channel: Channel, at: datetime) -> "ConsentGiven":
        """Return the record of a consent to `text`. Raises `ConsentMissing` when another version was shown."""
        if version != text.version:
            raise ConsentMissing("Another version of the text is in force.", in_force=text.version)
        return cls(version=version, text_sha256=text.sha256, language=text.language, channel=channel, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEnded:
    """From here on nothing is agreed to."""

    cause: EndCause
    at: datetime


ConsentRecord = ConsentGiven | ConsentEnded
