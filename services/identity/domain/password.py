"""Which passwords are accepted: long enough and not a common one; no rules of composition (NIST SP 800-63B, 3.1.1)."""

import unicodedata
from collections.abc import Iterable

from services.chassis.errors import DomainError, FieldInvalid, Kind

SHORTEST = 12
LONGEST = 1024  # far above any pass phrase; it bounds the work of hashing
_TRIVIAL_UNIT = 3  # "abcabcabcabc" is as good as "abc"
_TAIL = "0123456789!@#$%^&*()_-+=.,?"


class PasswordTooShort(DomainError):
    """The password has too few characters."""

    reason = "PASSWORD_TOO_SHORT"
    kind = Kind.INVALID


class PasswordCommon(DomainError):
    """The password is among those that are tried first: a common one, a variation of it, or the login itself."""

    reason = "PASSWORD_COMMON"
    kind = Kind.INVALID


def canonical_password(text: str, /) -> str:
    """Return the form that is counted and hashed, so that one password is the same from every keyboard (NFKC)."""
    return unicodedata.normalize("NFKC", text)


class PasswordPolicy:
    """Tells good passwords from those an attacker tries first."""

    def __init__(self, common: Iterable[str], /) -> None:
        self._common = frozenset(word.casefold() for word in common)

    def check(self, password: str, /, *, login: str) -> None:
        """Return if the password will do for that login.

        Raises `PasswordTooShort`, `PasswordCommon`, and `FieldInvalid` for one beyond any use.
        """
        text = canonical_password(password)
        if len(text) < SHORTEST:
            raise PasswordTooShort(f"A password has at least {SHORTEST} characters.", shortest=str(SHORTEST))
        if len(text) > LONGEST:
            raise FieldInvalid(field="password", rule=f"at most {LONGEST} characters")
        folded = text.casefold()
        if (login and login in folded) or self._is_common(folded):
            raise PasswordCommon("This password is among those that are tried first.")

    def _is_common(self, folded: str) -> bool:
        unit = _repeated_unit(folded)
        bare = folded.rstrip(_TAIL)
        return len(unit) <= _TRIVIAL_UNIT or not self._common.isdisjoint({folded, unit, bare, _repeated_unit(bare)})


def _repeated_unit(text: str) -> str:
    """Return the shortest text whose repetition gives `text`, the last repetition perhaps cut short."""
    for length in range(1, len(text)):
        if all(text[index] == text[index - length] for index in range(length, len(text))):
            return text[:length]
    return text
