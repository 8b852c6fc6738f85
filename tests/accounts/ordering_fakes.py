"""The ports of ordering on dictionaries, held to the same conformance tests as the real ones; and a region to
script."""

import copy
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.errand import Wish
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.ordering_errors import TariffChangePending
from services.accounts.domain.promised_payment import (
    UNPAID,
    Eligibility,
    PromisedPayment,
    PromisedPaymentState,
    RegionalPromise,
)
from services.accounts.domain.service_order import RegionalOrder, ServiceOffer, ServiceOrder, ServiceOrderState
from services.accounts.domain.tariff_change import RegionalChange, TariffChange, TariffChangeState
from services.accounts.domain.tariff_quote import QuotedChange, TariffQuote
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.fakes import Shelf
from tests.accounts.ordering_builders import OFFER, PLAN_MAX, make_quoted

W = TypeVar("W", bound=Wish)


class FakeWishes(Generic[W]):
    """Repository and queue in one; a claim moves the version, as the real one does."""

    def __init__(self, clock: Clock) -> None:
        self.shelf = Shelf()
        self._clock = clock

    def get(self, wish_id: str, /) -> W | None:
        wish: W | None = self.shelf.take(wish_id)
        return wish

    def listed(self, key: AccountKey, /) -> Sequence[W]:
        wishes = [wish for wish in copy.deepcopy(list(self.shelf.kept.values())) if wish.key == key]
        return sorted(wishes, key=lambda wish: wish.created_at, reverse=True)[:20]

    def save(self, wish: W, /) -> None:
        self.shelf.put(wish.wish_id, wish)

    def claim(self) -> W | None:
        for wish in self.shelf.kept.values():
            if wish.errand.due_at is not None and wish.errand.due_at <= self._clock.now():
                wish.version += 1
                claimed: W = copy.deepcopy(wish)
                return claimed
        return None

    def _all(self) -> list[W]:
        return [copy.deepcopy(wish) for wish in self.shelf.kept.values()]


class FakeTariffQuotes:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, tariff_quote_id: str, /) -> TariffQuote | None:
        quote: TariffQuote | None = self.shelf.take(tariff_quote_id)
        return quote

    def save(self, quote: TariffQuote, /) -> None:
        self.shelf.put(quote.tariff_quote_id, quote)


class FakeTariffChanges(FakeWishes[TariffChange]):
    def pending_on(self, key: AccountKey, /) -> TariffChange | None:
        return next((change for change in self._all() if change.key == key and change.is_pending), None)

    def save(self, wish: TariffChange, /) -> None:
        rival = self.pending_on(wish.key)
        if wish.is_pending and rival is not None and rival.wish_id != wish.wish_id:
            raise TariffChangePending
        super().save(wish)


class FakeServiceOrders(FakeWishes[ServiceOrder]):
    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> ServiceOrder | None:
        asked = (subscriber_id, request_id)
        return next((order for order in self._all() if (order.subscriber_id, order.request_id) == asked), None)

    def save(self, wish: ServiceOrder, /) -> None:
        rival = self.requested_as(wish.request_id, subscriber_id=wish.subscriber_id)
        if rival is not None and rival.wish_id != wish.wish_id:
            raise VersionConflict("The same request made an order.")
        super().save(wish)


class FakePromisedPayments(FakeWishes[PromisedPayment]):
    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> PromisedPayment | None:
        asked = (subscriber_id, request_id)
        return next((promise for promise in self._all() if (promise.subscriber_id, promise.request_id) == asked), None)

    def held_on(self, key: AccountKey, /) -> PromisedPayment | None:
        return next((promise for promise in self._all() if promise.key == key and promise.holds), None)

    def unpaid_on(self, key: AccountKey, /) -> Sequence[PromisedPayment]:
        unpaid = [promise for promise in self._all() if promise.key == key and promise.state in UNPAID]
        return sorted(unpaid, key=lambda promise: promise.created_at, reverse=True)

    def save(self, wish: PromisedPayment, /) -> None:
        rivals = (self.requested_as(wish.request_id, subscriber_id=wish.subscriber_id), self.held_on(wish.key))
        if any(rival and rival.wish_id != wish.wish_id for rival in (rivals[0], rivals[1] if wish.holds else None)):
            raise VersionConflict("Another promise was first.")
        super().save(wish)


class FakeServiceOffers:
    def __init__(self) -> None:
        self._offers: dict[AccountKey, Sequence[ServiceOffer]] = {}

    def remember(self, key: AccountKey, offers: Sequence[ServiceOffer], /) -> None:
        self._offers[key] = offers

    def recall(self, key: AccountKey, offer_code: str, /) -> ServiceOffer | None:
        return next((offer for offer in self._offers.get(key, ()) if offer.offer_code == offer_code), None)


class FakeOrderingRegion:
    """A region with books of its own, and trouble on demand: `trouble` is called before each answer, with the method's
    name; `after` too, but once the books have been written."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.changes: dict[str, RegionalChange] = {}
        self.orders: dict[str, RegionalOrder] = {}
        self.promises: dict[str, RegionalPromise] = {}
        self.calls: list[str] = []
        self.trouble: Callable[[str], None] = lambda method: None
        self.after: Callable[[str], None] = lambda method: None

    def down(self) -> None:
        """Answer nothing from now on."""

        def refuse(method: str) -> None:
            raise RegionUnavailable(region="54")

        self.trouble = refuse

    def up(self) -> None:
        self.trouble = self.after = lambda method: None

    def tariff_plans(self, key: AccountKey, /) -> Sequence[TariffPlan]:
        self._answering("tariff_plans")
        return [PLAN_MAX]

    def quote(self, key: AccountKey, /, *, tariff_plan_id: str) -> QuotedChange:
        self._answering("quote")
        return make_quoted()

    def schedule_change(self, key: AccountKey, /, *, change_id: str, quoted: QuotedChange) -> RegionalChange:
        self._answering("send")
        booked = RegionalChange(change_id=change_id, quoted=quoted, state=TariffChangeState.SCHEDULED)
        change = self.changes.setdefault(change_id, booked)
        self.after("send")
        return change

    def change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        self._answering("find")
        return self.changes.get(change_id)

    def cancel_change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        self._answering("cancel")
        change = self.changes.get(change_id)
        if change is not None:
            change = RegionalChange(change_id=change_id, quoted=change.quoted, state=TariffChangeState.CANCELED)
            self.changes[change_id] = change
        self.after("cancel")
        return change

    def service_offers(self, key: AccountKey, /) -> Sequence[ServiceOffer]:
        self._answering("service_offers")
        return [OFFER]

    def order_service(self, key: AccountKey, /, *, order_id: str, offer_code: str) -> RegionalOrder:
        self._answering("send")
        order = self.orders.setdefault(order_id, self._order(order_id, ServiceOrderState.ACCEPTED))
        self.after("send")
        return order

    def order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        self._answering("find")
        return self.orders.get(order_id)

    def cancel_order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        self._answering("cancel")
        if order_id in self.orders:
            self.orders[order_id] = self._order(order_id, ServiceOrderState.CANCELED)
        self.after("cancel")
        return self.orders.get(order_id)

    def eligibility(self, key: AccountKey, /) -> Eligibility:
        self._answering("eligibility")
        return Eligibility(reasons=(), largest_amount=Money(500_00), fee=Money(30_00), days=5)

    def take_promise(self, key: AccountKey, /, *, promise_id: str, amount: Money) -> RegionalPromise:
        self._answering("send")
        now = self._clock.now()
        booked = RegionalPromise(
            promise_id=promise_id,
            amount=amount,
            fee=Money(30_00),
            taken_at=now,
            due_at=now + timedelta(days=5),
            state=PromisedPaymentState.OPEN,
        )
        promise = self.promises.setdefault(promise_id, booked)
        self.after("send")
        return promise

    def promise(self, region: str, /, *, promise_id: str) -> RegionalPromise | None:
        self._answering("find")
        return self.promises.get(promise_id)

    def _order(self, order_id: str, state: ServiceOrderState) -> RegionalOrder:
        return RegionalOrder(
            order_id=order_id, offer=OFFER, state=state, changed_at=self._clock.now(), refusal_reason=""
        )

    def _answering(self, method: str) -> None:
        self.calls.append(method)
        self.trouble(method)
