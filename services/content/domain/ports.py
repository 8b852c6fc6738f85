"""What content needs from the outside, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.content.domain.content_order import ContentOrder
from services.content.domain.content_quote import ContentQuote
from services.content.domain.entitlement import Entitlement
from services.content.domain.help_article import HelpArticle, Language
from services.content.domain.offering import Offering, OfferingKind
from services.content.domain.search import Position, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOffering:
    """An offering and where in the list it stands."""

    offering: Offering
    position: Position


class Lexicon(Protocol):
    """Whoever knows which forms belong to one word."""

    def words_of(self, text: str, /) -> Words:
        """Return every word of a text as its terms."""
        ...

    def wanted_words_of(self, query: str, /) -> Words:
        """Return the words of a query that count: without prepositions and the like, unless there is nothing else."""
        ...


class OfferingRepository(Protocol):
    """The catalogue."""

    def put(self, offerings: Sequence[Offering], /) -> None:
        """Add the offerings, replace those of the same id, and sell these only: others are withdrawn. Idempotent."""
        ...

    def get(self, offering_id: str, /) -> Offering | None:
        """Return one that is sold."""
        ...

    def get_even_withdrawn(self, offering_id: str, /) -> Offering | None:
        """Return one that is or was sold: whoever has bought it looks at it still."""
        ...

    def find(
        self, words: Words, *, kind: OfferingKind | None, limit: int, after: Position | None
    ) -> Sequence[FoundOffering]:
        """Return those sold that hold the most of the words, in the title before elsewhere; without words all, by
        title."""
        ...


class HelpArticleRepository(Protocol):
    """Help."""

    def put(self, articles: Sequence[HelpArticle], /) -> None:
        """Add the articles, replace those of the same name and language, and show these only. Idempotent."""
        ...

    def get(self, slug: str, *, language: Language) -> HelpArticle | None: ...

    def find(self, words: Words, *, language: Language, limit: int) -> Sequence[HelpArticle]:
        """Return those that hold the most of the words, best first; without words all, by title."""
        ...


class ContentQuoteRepository(Protocol):
    """Quotes."""

    def get(self, content_quote_id: str, /) -> ContentQuote | None: ...

    def open_of(self, billing_account_id: str, *, now: datetime) -> Sequence[ContentQuote]:
        """Return the quotes on an account that can still be ordered by."""
        ...

    def save(self, quote: ContentQuote, /) -> None:
        """Raises VersionConflict."""
        ...


class ContentOrderRepository(Protocol):
    """Orders, one per quote; one per subscriber and offering that is bought for good."""

    def add(self, order: ContentOrder, /) -> bool:
        """Keep a new order; False when the quote has become one already. Raises `AlreadyEntitled`."""
        ...

    def get(self, content_order_id: str, /) -> ContentOrder | None: ...

    def save(self, order: ContentOrder, /) -> None:
        """Raises VersionConflict."""
        ...

    def claim_due(self) -> ContentOrder | None:
        """Return an order that is to be billed, leased to the caller."""
        ...


class EntitlementRepository(Protocol):
    """Entitlements, one per order."""

    def add(self, entitlement: Entitlement, /) -> None:
        """Keep it; nothing changes when the order has given it already."""
        ...

    def of_subscriber(self, subscriber_id: str, *, limit: int) -> Sequence[Entitlement]:
        """Return them, newest first."""
        ...


class AccountAccess(Protocol):
    """Accounts' word on who may order content on which account."""

    def authorize_order(self, *, subscriber_id: str, billing_account_id: str) -> None:
        """Raises a DomainError: NOT_FOUND, PERMISSION_DENIED, or what failed."""
        ...


class ChargeVerdict(Enum):
    """What became of the wish to bill an order."""

    BILLED = "billed"
    REFUSED = "refused"  # the region will not bill it
    NO_ACCOUNT = "no_account"  # the link has ended
    UNKNOWN = "unknown"  # it may have been billed


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOutcome:
    """The verdict, and for a refusal its reason."""

    verdict: ChargeVerdict
    reason: str = ""


class Charges(Protocol):
    """Billing to an account in its region."""

    def place(self, order: ContentOrder, /) -> ChargeOutcome:
        """Bill the order, once however often this is called."""
        ...
