"""Which cards may be kept and charged (F19): a policy over what the acquirer tells of a card. Data of a profile."""

from dataclasses import dataclass
from typing import Protocol

from services.chassis.errors import DomainError, Kind


class CardNotAccepted(DomainError):
    """The card's brand, or the country of its bank, is not among those that are taken."""

    reason = "CARD_NOT_ACCEPTED"
    kind = Kind.FAILED_PRECONDITION


class CardFacts(Protocol):
    """What is known of a card: brand and country in the words of `PaymentMethod`, each empty or unknown if not told."""

    @property
    def brand(self) -> str: ...

    @property
    def issuer_country(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBrand:
    """A brand in our word ("visa_electron") and in words for people ("VISA Electron")."""

    brand: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPolicy:
    """What is taken: these brands, of banks in these countries (ISO 3166-1 alpha-2)."""

    brands: tuple[CardBrand, ...]
    issuer_countries: frozenset[str]

    @property
    def brand_names(self) -> tuple[str, ...]:
        return tuple(brand.name for brand in self.brands)

    def accepts(self, card: CardFacts, /) -> bool:
        """Say whether nothing that is told of the card stands against it.

        What the acquirer does not tell is not held against the payer: it counts Electron as Visa and Maestro as
        MasterCard, and leaves the country out for some banks.
        """
        brand_is_taken = card.brand in {"unknown", *(brand.brand for brand in self.brands)}
        return brand_is_taken and card.issuer_country in {"", *self.issuer_countries}

    def check(self, card: CardFacts, /) -> None:
        """Raise CardNotAccepted, naming what is accepted."""
        if not self.accepts(card):
            accepted = ", ".join(self.brand_names)
            raise CardNotAccepted(
                f"Accepted are {accepted} of banks in {', '.join(sorted(self.issuer_countries))}.",
                accepted_brands=accepted,
                accepted_countries=", ".join(sorted(self.issuer_countries)),
            )
