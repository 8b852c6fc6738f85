"""What the catalogue sells: films, series and music with their price and age mark."""

from dataclasses import dataclass
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money

_ADULT = 18


class OfferingNotFound(DomainError):
    """The catalogue has no such offering."""

    reason = "OFFERING_NOT_FOUND"
    kind = Kind.NOT_FOUND


class AgeNotConfirmed(DomainError):
    """The offering is for adults, and the subscriber has not stated to be one."""

    reason = "AGE_NOT_CONFIRMED"
    kind = Kind.FAILED_PRECONDITION


class OfferingKind(Enum):
    """What it is."""

    FILM = "film"
    SERIES = "series"
    MUSIC = "music"


class PriceModel(Enum):
    """How it is sold."""

    PURCHASE = "purchase"
    RENTAL = "rental"


class AgeMark(Enum):
    """From which age it may be seen (436-FZ)."""

    ZERO = 0
    SIX = 6
    TWELVE = 12
    SIXTEEN = 16
    EIGHTEEN = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """Something of the catalogue."""

    offering_id: str
    kind: OfferingKind
    title: str
    description: str
    year: int
    age_mark: AgeMark
    price_model: PriceModel
    price: Money
    rental_hours: int

    def __post_init__(self) -> None:
        if not self.offering_id.startswith("off_") or not self.title:
            raise ValueError(f"an offering has an id off_... and a title: {self.offering_id}")
        if not self.price.is_positive:
            raise ValueError(f"an offering has a price: {self.offering_id}")
        if (self.rental_hours > 0) != (self.price_model is PriceModel.RENTAL):
            raise ValueError(f"a rental, and nothing else, has hours: {self.offering_id}")

    def check_age(self, *, adult: bool) -> None:
        """Raise `AgeNotConfirmed` for an offering from 18 on, unless the subscriber states to be of age."""
        if self.age_mark.value >= _ADULT and not adult:
            raise AgeNotConfirmed("This is for adults only.", age_mark=str(self.age_mark.value))
