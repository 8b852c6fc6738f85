"""Quotes, orders and entitlements of a subscriber. Foreign ones look like absent ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import DomainError, Kind
from services.content.domain.content_order import ContentOrder, ContentOrderNotFound
from services.content.domain.content_quote import ContentQuote, ContentQuoteNotFound, expired
from services.content.domain.entitlement import Entitlement
from services.content.domain.offering import OfferingNotFound
from services.content.domain.ports import (
    AccountAccess,
    ContentOrderRepository,
    ContentQuoteRepository,
    EntitlementRepository,
    OfferingRepository,
)

_ENTITLEMENTS_AT_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContentQuote:
    """Fix the price of an offering for ten minutes."""

    offerings: OfferingRepository
    accounts: AccountAccess
    quotes: ContentQuoteRepository
    clock: Clock

    def __call__(self, *, subscriber_id: str, offering_id: str, billing_account_id: str, adult: bool) -> ContentQuote:
        offering = self.offerings.get(offering_id)
        if offering is None:
            raise OfferingNotFound("There is no such offering.")
        self.accounts.authorize_order(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        offering.check_age(adult=adult)
        quote = ContentQuote.of(
            offering,
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            now=self.clock.now(),
        )
        self.quotes.save(quote)
        return quote


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContentOrder:
    """Order what a quote offers. Idempotent by the quote, also after it has expired."""

    quotes: ContentQuoteRepository
    orders: ContentOrderRepository
    accounts: AccountAccess
    clock: Clock

    def __call__(self, *, subscriber_id: str, content_quote_id: str) -> ContentOrder:
        quote = self.quotes.get(content_quote_id)
        if quote is None or quote.subscriber_id != subscriber_id:
            raise ContentQuoteNotFound("There is no such quote.")
        return self._first(quote) or self._new(quote)

    def _first(self, quote: ContentQuote) -> ContentOrder | None:
        return self.orders.get(ContentOrder.id_of(quote.content_quote_id))

    def _new(self, quote: ContentQuote) -> ContentOrder:
        now = self.clock.now()
        quote.check_open(now)
        self._check_account(quote)
        order = ContentOrder.by(quote, now=now)
        if self.orders.add(order):
            return order
        first = self._first(quote)
        assert first is not None, "whoever was quicker has saved it"
        return first

    def _check_account(self, quote: ContentQuote) -> None:
        """Ask anew: the link may have ended since, and the event of it may be late. With it the quote ends."""
        try:
            self.accounts.authorize_order(
                subscriber_id=quote.subscriber_id, billing_account_id=quote.billing_account_id
            )
        except DomainError as error:
            if error.kind is Kind.NOT_FOUND:
                raise expired() from None
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class GetContentOrder:
    """Return an order of the subscriber's."""

    orders: ContentOrderRepository

    def __call__(self, *, subscriber_id: str, content_order_id: str) -> ContentOrder:
        order = self.orders.get(content_order_id)
        if order is None or order.subscriber_id != subscriber_id:
            raise ContentOrderNotFound("There is no such order.")
        return order


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntitlements:
    """List what the subscriber may watch and listen to, newest first."""

    entitlements: EntitlementRepository

    def __call__(self, *, subscriber_id: str) -> Sequence[Entitlement]:
        return self.entitlements.of_subscriber(subscriber_id, limit=_ENTITLEMENTS_AT_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuotesOfAccount:
    """End the open quotes on an account that was unlinked. Idempotent."""

    quotes: ContentQuoteRepository
    clock: Clock

    def __call__(self, *, billing_account_id: str) -> None:
        now = self.clock.now()
        for quote in self.quotes.open_of(billing_account_id, now=now):
            quote.end(now=now)
            self.quotes.save(quote)
