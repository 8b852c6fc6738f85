"""Consents to documents: which are needed to register, and what is kept of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.chassis.errors import DomainError, FieldInvalid, Kind

NEEDED = ("terms", "personal_data")
_LONGEST_VERSION = 64


class ConsentMissing(DomainError):
    """A document that has to be agreed to was not."""

    reason = "CONSENT_MISSING"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """That a version of a document was agreed to, and when."""

    kind: str
    version: str
    given_at: datetime


def given_consents(pairs: Sequence[tuple[str, str]], /, *, now: datetime) -> tuple[Consent, ...]:
    """Return the consents of (kind, version) pairs.

    Raises `ConsentMissing` when a needed one is not there, and `FieldInvalid` for a document that we do not have or a
    version that nobody could look up later.
    """
    versions = dict(pairs)
    missing = [kind for kind in NEEDED if kind not in versions]
    if missing:
        raise ConsentMissing("An agreement is needed to register.", documents=", ".join(missing))
    if len(versions) != len(pairs) or set(versions) - set(NEEDED):
        raise FieldInvalid(field="consents.kind", rule=f"each of {', '.join(NEEDED)} once")
    if not all(0 < len(version) <= _LONGEST_VERSION for version in versions.values()):
        raise FieldInvalid(field="consents.version", rule=f"1 to {_LONGEST_VERSION} characters")
    return tuple(Consent(kind=kind, version=version, given_at=now) for kind, version in versions.items())
