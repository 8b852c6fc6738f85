"""The code by which an offered grant goes from hand to hand: how it is made, read as typed, and kept as a hash only."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

# Crockford's base 32: no I, L, O or U, so that nothing is mistaken when the code is dictated.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 10  # times 5 bits: 50 bits
_GROUP = 5
_LONGEST_TYPED = 40
_AS_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


@dataclass(frozen=True, slots=True)
class GrantCode:
    """A code in the clear: in memory only, in no log and no document."""

    symbols: str

    @classmethod
    def new(cls) -> "GrantCode":
        """Return a random one."""
        return cls("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)))

    @classmethod
    def typed(cls, text: str, /) -> "GrantCode":
        """Return what somebody typed: groups, case and look-alike letters do not matter."""
        return cls(text[:_LONGEST_TYPED].upper().translate(_AS_MEANT))

    def shown(self) -> str:
        """Return it in groups, as it is handed over."""
        return "-".join(self.symbols[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))

    def hash_for(self, grant_id: str, /) -> str:
        """Return what is kept of it. Each grant has a hash of its own of the same code."""
        return sha256(f"{grant_id}:{self.symbols}".encode()).hexdigest()

    def opens(self, grant_id: str, code_hash: str, /) -> bool:
        """Say whether it is the code of that grant, in the same time for a near miss as for a far one."""
        return hmac.compare_digest(self.hash_for(grant_id), code_hash)

    def __repr__(self) -> str:
        return "GrantCode()"
