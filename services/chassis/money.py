"""Money as whole kopecks with a currency; nothing here rounds, converts or formats for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from services.chassis.errors import DomainError, Kind

RUB = "RUB"
_INT64_MAX = 2**63 - 1


class CurrencyMismatch(DomainError):
    """Two sums in different currencies cannot be added or compared."""

    reason = "CURRENCY_MISMATCH"
    kind = Kind.INVALID


class AmountOutOfRange(DomainError):
    """A sum does not fit the 64 bits that it has on every wire (I10)."""

    reason = "AMOUNT_OUT_OF_RANGE"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """A sum in the currency's minor unit (kopecks for RUB), never a float (I10)."""

    amount_minor: int
    currency: str = RUB

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError(f"amount_minor is an int of kopecks, not {type(self.amount_minor).__name__}")
        if abs(self.amount_minor) > _INT64_MAX:
            raise AmountOutOfRange("The sum does not fit 64 bits.")

    @classmethod
    def zero(cls, currency: str = RUB) -> Self:
        return cls(0, currency)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], /) -> Self:
        """Return the sum that `as_mapping` wrote, to JSON or to BSON, which reads large ints as a class of its own."""
        amount_minor = mapping["amount_minor"]
        plain = int(amount_minor) if isinstance(amount_minor, int) else amount_minor
        return cls(amount_minor=plain, currency=mapping["currency"])

    def as_mapping(self) -> dict[str, int | str]:
        """Return the form that a sum has in documents, events and JSON."""
        return {"amount_minor": self.amount_minor, "currency": self.currency}

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same_currency(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount_minor > self._same_currency(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount_minor >= self._same_currency(other)

    @property
    def is_positive(self) -> bool:
        return self.amount_minor > 0

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self.currency} and {other.currency} cannot be combined.", one=self.currency, other=other.currency
            )
        return other.amount_minor
