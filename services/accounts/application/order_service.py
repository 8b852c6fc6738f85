"""Order a service for an account, watch it, cancel it (F23)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.accounts.application.managed_account import ManagedAccounts
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ordering_errors import RequestIdMissing, ServiceOrderDone, ServiceOrderNotFound
from services.accounts.domain.ordering_ports import RegionalOrdering, ServiceOfferMemory, ServiceOrderRepository
from services.accounts.domain.service_order import ServiceOffer, ServiceOrder, ServiceOrderState
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersOnAccount:
    """Service orders as one subscriber sees them: on their own link to the account."""

    billing_account_id: str
    orders: Sequence[ServiceOrder]

    @property
    def only(self) -> ServiceOrder:
        (order,) = self.orders
        return order


@dataclass(frozen=True, slots=True, kw_only=True)
class ListServiceOffers:
    """Asks the region, and remembers what was shown: an order is about that.

    Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RegionUnavailable`.
    """

    accounts: ManagedAccounts
    region: RegionalOrdering
    memory: ServiceOfferMemory

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> Sequence[ServiceOffer]:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        offers = self.region.service_offers(account.key)
        self.memory.remember(account.key, offers)
        return offers


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a subscriber asks for."""

    subscriber_id: str
    request_id: str
    billing_account_id: str
    offer_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateServiceOrder:
    """Saved first, then told to the region within the call; without an answer the dispatcher carries it."""

    accounts: ManagedAccounts
    orders: ServiceOrderRepository
    memory: ServiceOfferMemory
    carry: Callable[[ServiceOrder], ServiceOrder]
    clock: Clock

    def __call__(self, request: OrderRequest, /) -> OrdersOnAccount:
        """Return the request's one order.

        Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RequestIdMissing`, `RequestIdReused`,
        `ServiceOfferNotFound`.
        """
        if not request.request_id:
            raise RequestIdMissing
        account = self.accounts.link(subscriber_id=request.subscriber_id, billing_account_id=request.billing_account_id)
        order = self._requested(request)
        if order is None:
            order = self._begin(request, account.key)
        order.check_same(key=account.key, offer_code=request.offer_code)
        order.raise_if_unknown_offer()
        return OrdersOnAccount(billing_account_id=request.billing_account_id, orders=[order])

    def _requested(self, request: OrderRequest) -> ServiceOrder | None:
        return self.orders.requested_as(request.request_id, subscriber_id=request.subscriber_id)

    def _begin(self, request: OrderRequest, key: AccountKey) -> ServiceOrder:
        order = ServiceOrder.request(
            subscriber_id=request.subscriber_id,
            request_id=request.request_id,
            key=key,
            offer_code=request.offer_code,
            offer=self.memory.recall(key, request.offer_code),
            now=self.clock.now(),
        )
        try:
            self.orders.save(order)
        except VersionConflict:  # the other tap of a double one was first
            first = self._requested(request)
            if first is None:
                raise
            return first
        return self.carry(order)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListServiceOrders:
    """What is known here; no region is asked. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`."""

    accounts: ManagedAccounts
    orders: ServiceOrderRepository

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> OrdersOnAccount:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        orders = self.accounts.theirs(account, self.orders.listed(account.key))
        return OrdersOnAccount(billing_account_id=billing_account_id, orders=orders)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelServiceOrder:
    """The wish to cancel is saved first, too; with the region down it is carried out when the region answers."""

    accounts: ManagedAccounts
    orders: ServiceOrderRepository
    carry: Callable[[ServiceOrder], ServiceOrder]
    clock: Clock

    def __call__(self, *, subscriber_id: str, service_order_id: str, billing_account_id: str = "") -> OrdersOnAccount:
        """Under another account than its own, when one is named, there is no such order.

        Raises `ServiceOrderNotFound`, `ActionNotAllowed`, `ProofOutdated`, `ServiceOrderDone`.
        """
        order = self._found(service_order_id)
        account = self.accounts.link_to(order.key, subscriber_id=subscriber_id, named=billing_account_id)
        if account is None:
            raise ServiceOrderNotFound
        try:
            order = self._cancel(order)
        except VersionConflict:  # the dispatcher saved at this moment: what the region said meanwhile counts
            order = self._cancel(self._found(service_order_id))
        return OrdersOnAccount(billing_account_id=account.billing_account_id, orders=[order])

    def _found(self, service_order_id: str) -> ServiceOrder:
        order = self.orders.get(service_order_id)
        if order is None:
            raise ServiceOrderNotFound
        return order

    def _cancel(self, order: ServiceOrder) -> ServiceOrder:
        if not order.cancel(now=self.clock.now()):
            return order
        self.orders.save(order)
        order = self.carry(order)
        if order.state is ServiceOrderState.DONE:
            raise ServiceOrderDone
        return order
