"""An order: saved first, then billed by the region, then an entitlement; one per quote."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.content.domain.content_quote import ContentQuote
from services.content.domain.events import ContentOrdered
from services.content.domain.offering import Offering, PriceModel

_PAUSE_FIRST = timedelta(seconds=1)
_PAUSE_LONGEST = timedelta(minutes=5)
_UNDECIDED_TOO_LONG = timedelta(hours=24)


class ContentOrderNotFound(DomainError):
    """There is no such order; another subscriber's looks the same."""

    reason = "CONTENT_ORDER_NOT_FOUND"
    kind = Kind.NOT_FOUND


class AlreadyEntitled(DomainError):
    """The subscriber has bought it already, or is just buying it."""

    reason = "ALREADY_ENTITLED"
    kind = Kind.FAILED_PRECONDITION


class IllegalMove(Exception):
    """A caller asked for a move that the life cycle does not have: a bug."""


class OrderState(Enum):
    """How far it has come."""

    REQUESTED = "requested"
    COMPLETED = "completed"
    REFUSED = "refused"


_NEXT = {OrderState.REQUESTED: {OrderState.COMPLETED, OrderState.REFUSED}}


@dataclass(slots=True, kw_only=True)
class ContentOrder:
    """What was ordered at which price, billed to which account."""

    content_order_id: str
    subscriber_id: str
    billing_account_id: str
    offering: Offering
    created_at: datetime
    state: OrderState = OrderState.REQUESTED
    refusal_reason: str = ""
    charge_may_exist: bool = False
    failures: int = 0
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[ContentOrdered] = field(default_factory=list)

    @staticmethod
    def id_of(content_quote_id: str, /) -> str:
        """Return the id of the one order that a quote can become: a double tap meets the first."""
        return f"ord_{content_quote_id.partition('_')[2]}"

    @classmethod
    def by(cls, quote: ContentQuote, /, *, now: datetime) -> "ContentOrder":
        """Return the order by a quote; due at once."""
        return cls(
            content_order_id=cls.id_of(quote.content_quote_id),
            subscriber_id=quote.subscriber_id,
            billing_account_id=quote.billing_account_id,
            offering=quote.offering,
            created_at=now,
            due_at=now,
        )

    @property
    def exclusive_key(self) -> str | None:
        """What only one order may hold: a purchase, while it is wanted or made. A rental can be had again."""
        if self.offering.price_model is PriceModel.RENTAL or self.state is OrderState.REFUSED:
            return None
        return f"{self.subscriber_id}:{self.offering.offering_id}"

    @property
    def charge_id(self) -> str:
        """The key under which the region bills it once, however often it is asked to."""
        return self.content_order_id

    def complete(self, *, now: datetime) -> None:
        """Note that the region has billed it and the entitlement is given."""
        self._move_to(OrderState.COMPLETED)
        self.pending_events.append(
            ContentOrdered(
                content_order_id=self.content_order_id,
                billing_account_id=self.billing_account_id,
                offering_id=self.offering.offering_id,
                price=self.offering.price,
                ordered_at=now,
            )
        )

    def refuse(self, reason: str, /) -> None:
        """Note that it is not billed and never will be."""
        self._move_to(OrderState.REFUSED)
        self.refusal_reason = reason

    def lose_track(self, *, now: datetime) -> None:
        """Note that the fee may have been billed; the same charge is asked for again, which bills it once at most."""
        self.charge_may_exist = True
        self.failures += 1
        self.due_at = now + min(_PAUSE_FIRST * 2 ** min(self.failures - 1, 10), _PAUSE_LONGEST)

    def needs_a_person(self, now: datetime, /) -> bool:
        """Whether it has been undecided for so long that somebody has to look."""
        return self.state is OrderState.REQUESTED and now - self.created_at > _UNDECIDED_TOO_LONG

    def _move_to(self, state: OrderState) -> None:
        if state not in _NEXT.get(self.state, set()):
            raise IllegalMove(f"{self.state.name} to {state.name}")
        self.state = state
        self.due_at = None
