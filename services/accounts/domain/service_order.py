"""The aggregate of a service order: asked for, taken by the region, being connected, connected (F23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import ServiceKind
from services.accounts.domain.errand import Errand, ErrandPlan, spread_of
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.figures import check_moment
from services.accounts.domain.ordering_errors import (
    RequestIdMissing,
    RequestIdReused,
    ServiceOfferNotFound,
    ServiceOrderDone,
    ServiceOrderNotFound,
)
from services.accounts.domain.posting import IllegalMove
from services.accounts.domain.tariff_change import LONGEST_FLIGHT
from services.chassis.errors import FieldInvalid
from services.chassis.ids import new_id
from services.chassis.money import Money


class ServiceOrderState(Enum):
    """How far it has come."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELING = "canceling"
    CANCELED = "canceled"
    REFUSED = "refused"


_S = ServiceOrderState
_ENDS = frozenset({_S.DONE, _S.CANCELED, _S.REFUSED})
_NEXT: Mapping[ServiceOrderState, frozenset[ServiceOrderState]] = {
    _S.REQUESTED: _ENDS | {_S.ACCEPTED, _S.IN_PROGRESS, _S.CANCELING},
    _S.ACCEPTED: _ENDS | {_S.IN_PROGRESS, _S.CANCELING},
    _S.IN_PROGRESS: _ENDS | {_S.CANCELING},
    _S.CANCELING: _ENDS,
    _S.DONE: frozenset(),
    _S.CANCELED: frozenset(),
    _S.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOffer:
    """A service that can be ordered."""

    offer_code: str
    kind: ServiceKind
    name: str
    connection_price: Money
    monthly_fee: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalOrder:
    """An order as the region holds it."""

    order_id: str
    offer: ServiceOffer
    state: ServiceOrderState
    changed_at: datetime
    refusal_reason: str


@dataclass(slots=True, kw_only=True)
class ServiceOrder:
    """It hangs on the account, as a tariff change does. `offer` is what was shown when it was ordered, or what the
    region says it is; None while neither is known."""

    service_order_id: str
    subscriber_id: str
    request_id: str
    key: AccountKey
    offer_code: str
    offer: ServiceOffer | None
    created_at: datetime
    changed_at: datetime
    errand: Errand
    state: ServiceOrderState = ServiceOrderState.REQUESTED
    asked_back_at: datetime | None = None
    refusal_reason: str | None = None
    version: int = 0

    @classmethod
    def request(
        cls,
        *,
        subscriber_id: str,
        request_id: str,
        key: AccountKey,
        offer_code: str,
        offer: ServiceOffer | None,
        now: datetime,
    ) -> "ServiceOrder":
        """Return a new order. Raises `RequestIdMissing`, `FieldInvalid`."""
        if not request_id:
            raise RequestIdMissing
        if not offer_code:
            raise FieldInvalid(field="offer_code", rule="must not be empty")
        return cls(
            service_order_id=new_id("ord"),
            subscriber_id=subscriber_id,
            request_id=request_id,
            key=key,
            offer_code=offer_code,
            offer=offer,
            created_at=now,
            changed_at=now,
            errand=Errand.in_hand(now=now),
        )

    @property
    def wish_id(self) -> str:
        return self.service_order_id

    @property
    def is_at_rest(self) -> bool:
        return self.state in _ENDS

    @property
    def shows_in_figures(self) -> bool:
        return self.state is _S.DONE

    def check_same(self, *, key: AccountKey, offer_code: str) -> None:
        """Raise `RequestIdReused` unless a repeated request asks for what this order is."""
        if (key, offer_code) != (self.key, self.offer_code):
            raise RequestIdReused

    def raise_if_unknown_offer(self) -> None:
        """Raise `ServiceOfferNotFound` when the region knew no such offer: there was nothing to order."""
        if self.refusal_reason == ServiceOfferNotFound.reason:
            raise ServiceOfferNotFound

    def cancel(self, *, now: datetime) -> bool:
        """Note the wish to cancel it; say whether anything is to be done about it. Raises `ServiceOrderDone`."""
        if self.state is _S.DONE:
            raise ServiceOrderDone
        if self.state is _S.CANCELING or self.is_at_rest:
            return False
        self._move_to(_S.CANCELING, at=now)
        self.asked_back_at = now
        self.errand.take_in_hand(now=now)
        return True

    def heed(self, answer: RegionalOrder, *, plan: ErrandPlan, now: datetime) -> None:
        """Note what the region holds. Raises `RegionAnswerInvalid` when that is another order, or no way leads
        there."""
        if (answer.order_id, answer.offer.offer_code) != (self.service_order_id, self.offer_code):
            raise RegionAnswerInvalid(region=self.key.region, problem="the order echoed is not the one sent")
        check_moment(answer.changed_at, region=self.key.region, now=now)
        if answer.state is not self.state:
            if answer.state not in _NEXT[self.state]:
                raise RegionAnswerInvalid(region=self.key.region, problem="a service order went backwards")
            self._move_to(answer.state, at=answer.changed_at)
        self.offer = answer.offer
        self.refusal_reason = (answer.refusal_reason or None) if self.state is _S.REFUSED else None
        if not self.is_at_rest:
            self.errand.look_again(plan=plan, now=now, spread=spread_of(self.wish_id))

    def refuse(self, reason: str, /, *, now: datetime) -> None:
        """Note that the region will not do it."""
        self._move_to(_S.REFUSED, at=now)
        self.refusal_reason = reason

    def forgotten(self, *, plan: ErrandPlan, now: datetime) -> None:
        """Note that the region holds no such order, though it was told: nobody will connect anything.

        While what was sent may still be on its way to the region, that is not believed of one to be cancelled.
        """
        if self.state is not _S.CANCELING:
            self.refuse(ServiceOrderNotFound.reason, now=now)
        elif self.asked_back_at is None or now - self.asked_back_at >= LONGEST_FLIGHT:
            self._move_to(_S.CANCELED, at=now)
        else:
            self.errand.look_again(plan=plan, now=now, spread=spread_of(self.wish_id))

    def done(self, *, now: datetime) -> None:
        """Note that it was too late to cancel it."""
        self._move_to(_S.DONE, at=now)

    def never(self, *, now: datetime) -> None:
        """Note that the account is closed: what was to be cancelled will not happen."""
        self._move_to(_S.CANCELED, at=now)

    def _move_to(self, state: ServiceOrderState, *, at: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state, self.changed_at = state, at
        self.errand.answered(due_at=None)
