"""What the account itself is called: a number within a region; who has linked it is told elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """An account in its region's words. Two subscribers who linked the same account share one key."""

    region: str
    number: str

    def __str__(self) -> str:
        return f"{self.region}:{self.number}"
