"""The federal subjects as the cabinet sees them: names, zones, whether the old cabinet works, which proofs are
taken."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.chassis.errors import DomainError, Kind


class Cutover(Enum):
    """Whether a region's old cabinet still works (F02)."""

    NOT_MOVED = "not_moved"
    READ_ONLY = "read_only"
    CLOSED = "closed"


class RegionNotFound(DomainError):
    """There is no such region, or its billing is not connected yet."""

    reason = "REGION_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such region, or it is not connected yet.")


class AccountNumberInvalid(DomainError):
    """The text does not have the form of an account number of that region. It is not repeated: it is personal."""

    reason = "ACCOUNT_NUMBER_INVALID"
    kind = Kind.INVALID

    def __init__(self, *, region: str) -> None:
        super().__init__(f"This is not an account number of region {region}.", region=region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region and its rules, all of them data."""

    code: str
    name: str
    name_en: str
    time_zone: str
    cutover: Cutover
    cutover_date: date
    proof_kinds: tuple[str, ...]
    number_pattern: str
    fresh_for: timedelta
    connected: bool

    def key_of(self, typed_number: str, /) -> AccountKey:
        """Return the account that a typed number means; spaces and dashes between groups of digits are for the eye.

        Raises `AccountNumberInvalid`.
        """
        number = re.sub(r"[\s\-]", "", typed_number)
        if not re.fullmatch(self.number_pattern, number):
            raise AccountNumberInvalid(region=self.code)
        return AccountKey(region=self.code, number=number)


class Regions:
    """All regions."""

    def __init__(self, regions: Iterable[Region], /) -> None:
        self._by_code: Mapping[str, Region] = {region.code: region for region in regions}

    def all(self) -> tuple[Region, ...]:
        """Return every region, by its name."""
        return tuple(sorted(self._by_code.values(), key=lambda region: region.name))

    def of(self, code: str, /) -> Region:
        """Return a region. Raises `RegionNotFound`."""
        region = self._by_code.get(code)
        if region is None:
            raise RegionNotFound
        return region

    def connected(self, code: str, /) -> Region:
        """Return a region whose billing can be asked. Raises `RegionNotFound` for any other."""
        region = self.of(code)
        if not region.connected:
            raise RegionNotFound
        return region
