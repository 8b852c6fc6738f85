"""What a login may look like, and which ones are refused unseen because they have the form of a region's (F06)."""

import re
import unicodedata
from dataclasses import dataclass

from services.chassis.errors import DomainError, Kind

SHORTEST = 5
LONGEST = 32
_LOGIN = re.compile(rf"[a-z][a-z0-9._-]{{{SHORTEST - 1},{LONGEST - 1}}}")


class LoginInvalid(DomainError):
    """The text cannot be a login. It is not repeated in the error: people mistype passwords into this field."""

    reason = "LOGIN_INVALID"
    kind = Kind.INVALID


class LoginIsRegional(DomainError):
    """The text has the form of a regional cabinet's login: those are not valid here, real or invented alike (F06)."""

    reason = "LOGIN_IS_REGIONAL"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class RegionalForm:
    """A form that logins had in one of the regional cabinets."""

    example: str
    pattern: re.Pattern[str]


_MACROREGIONS = "center|nw|volga|south|ural|siberia|fareast|moscow|kuban|don"

# The regional cabinets differ in what they called a login; the list is data and grows with what regions report.
REGIONAL_FORMS = (
    RegionalForm("123456789", re.compile(r"\d{6,12}")),  # the account or telephone number itself
    RegionalForm("+73431234567", re.compile(r"\+\d{6,14}")),
    RegionalForm("77-123456", re.compile(r"\d{2,3}[-_/]\d{4,12}")),
    RegionalForm("ural_12345", re.compile(rf"(?:{_MACROREGIONS})[-_]\d{{3,12}}")),
    RegionalForm("ivanov@region.rt", re.compile(r"[^@\s]+@(?:[a-z0-9-]+\.)*region\.rt")),
)


def canonical_login(text: str, /) -> str:
    """Return the text as logins are compared: without spaces around, in lower case, look-alike forms folded.

    Raises `LoginIsRegional` for the fixed answer of F06, before anything is looked up. The result need not be a valid
    login: whoever logs in with such a text gets the answer of an unknown one.
    """
    login = unicodedata.normalize("NFKC", text).strip().lower()
    if any(form.pattern.fullmatch(login) for form in REGIONAL_FORMS):
        raise LoginIsRegional("Logins of the regional cabinets are not valid here.")
    return login


def new_login(text: str, /) -> str:
    """Return the canonical form of a login that somebody chose. Raises `LoginIsRegional` or `LoginInvalid`."""
    login = canonical_login(text)
    if not _LOGIN.fullmatch(login):
        raise LoginInvalid(
            f"A login has {SHORTEST} to {LONGEST} Latin letters, digits, dots, hyphens or underscores.",
            shortest=str(SHORTEST),
            longest=str(LONGEST),
        )
    return login
