"""Fakes of content's ports: dictionaries that keep the same promises as MongoDB, and scripted neighbours."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind, VersionConflict
from services.content.domain.content_order import AlreadyEntitled, ContentOrder
from services.content.domain.content_quote import ContentQuote
from services.content.domain.entitlement import Entitlement
from services.content.domain.events import ContentOrdered
from services.content.domain.ports import ChargeOutcome, ChargeVerdict
from tests.content.builders import A_MORNING


class FakeClock:
    """A clock that stands until moved."""

    def __init__(self) -> None:
        self.moment = A_MORNING

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


class FakeContentQuoteRepository:
    def __init__(self) -> None:
        self.rows: dict[str, ContentQuote] = {}

    def get(self, content_quote_id: str, /) -> ContentQuote | None:
        return deepcopy(self.rows.get(content_quote_id))

    def open_of(self, billing_account_id: str, *, now: datetime) -> list[ContentQuote]:
        return [
            deepcopy(row)
            for row in self.rows.values()
            if row.billing_account_id == billing_account_id and row.ended_at is None and now < row.expires_at
        ]

    def save(self, quote: ContentQuote, /) -> None:
        _check_version(self.rows.get(quote.content_quote_id), quote.version)
        quote.version += 1
        self.rows[quote.content_quote_id] = deepcopy(quote)


class FakeContentOrderRepository:
    def __init__(self, clock: FakeClock) -> None:
        self.rows: dict[str, ContentOrder] = {}
        self.published: list[ContentOrdered] = []
        self._leased: set[str] = set()
        self._clock = clock

    def add(self, order: ContentOrder, /) -> bool:
        if order.content_order_id in self.rows:
            return False
        if order.exclusive_key and order.exclusive_key in {row.exclusive_key for row in self.rows.values()}:
            raise AlreadyEntitled("It has been bought already.")
        self.save(order)
        return True

    def get(self, content_order_id: str, /) -> ContentOrder | None:
        return deepcopy(self.rows.get(content_order_id))

    def save(self, order: ContentOrder, /) -> None:
        _check_version(self.rows.get(order.content_order_id), order.version)
        order.version += 1
        self.published += order.pending_events
        order.pending_events.clear()
        self.rows[order.content_order_id] = deepcopy(order)
        self._leased.discard(order.content_order_id)

    def claim_due(self) -> ContentOrder | None:
        now = self._clock.now()
        for key, row in self.rows.items():
            if row.due_at is not None and row.due_at <= now and key not in self._leased:
                self._leased.add(key)
                row.version += 1
                return deepcopy(row)
        return None

    def expire_leases(self) -> None:
        self._leased.clear()


class FakeEntitlementRepository:
    def __init__(self) -> None:
        self.rows: dict[str, Entitlement] = {}

    def add(self, entitlement: Entitlement, /) -> None:
        self.rows.setdefault(entitlement.entitlement_id, entitlement)

    def of_subscriber(self, subscriber_id: str, *, limit: int) -> list[Entitlement]:
        mine = [row for row in self.rows.values() if row.subscriber_id == subscriber_id]
        return sorted(mine, key=lambda row: (row.granted_at, row.entitlement_id), reverse=True)[:limit]


class FakeAccounts:
    """Lets in whom it knows; `kind` makes it refuse all in another way."""

    def __init__(self, *known: tuple[str, str]) -> None:
        self.known = set(known)
        self.kind: Kind | None = None

    def authorize_order(self, *, subscriber_id: str, billing_account_id: str) -> None:
        error = DomainError("refused")
        error.kind = self.kind or Kind.NOT_FOUND
        if self.kind or (subscriber_id, billing_account_id) not in self.known:
            raise error


class FakeCharges:
    """A region's ledger: bills a charge once, and plays outcomes, each before or after having billed."""

    def __init__(self) -> None:
        self.ledger: dict[str, int] = {}
        self.outcomes: list[ChargeOutcome] = []
        self.bills_before_failing = False
        self.before_answer: Callable[[], None] = lambda: None

    def place(self, order: ContentOrder, /) -> ChargeOutcome:
        outcome = self.outcomes.pop(0) if self.outcomes else ChargeOutcome(verdict=ChargeVerdict.BILLED)
        billed = outcome.verdict is ChargeVerdict.BILLED
        if billed or (outcome.verdict is ChargeVerdict.UNKNOWN and self.bills_before_failing):
            self.ledger.setdefault(order.charge_id, order.offering.price.amount_minor)
        self.before_answer()
        return outcome


def _check_version(stored: ContentQuote | ContentOrder | None, version: int) -> None:
    if (stored.version if stored else 0) != version:
        raise VersionConflict("changed meanwhile")
