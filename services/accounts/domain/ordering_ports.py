"""What ordering needs from outside the service; the adapters say how it is met."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.promised_payment import Eligibility, PromisedPayment, RegionalPromise
from services.accounts.domain.service_order import RegionalOrder, ServiceOffer, ServiceOrder
from services.accounts.domain.tariff_change import RegionalChange, TariffChange
from services.accounts.domain.tariff_quote import QuotedChange, TariffQuote
from services.chassis.money import Money

W = TypeVar("W")
WDue = TypeVar("WDue", covariant=True)


class WishRepository(Protocol[W]):
    """Wishes of one sort, by their id."""

    def get(self, wish_id: str, /) -> W | None: ...

    def listed(self, key: AccountKey, /) -> Sequence[W]:
        """Return the account's latest 20, newest first."""
        ...

    def save(self, wish: W, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class WishQueue(Protocol[WDue]):
    """Wishes that are due, each given to one claimer at a time."""

    def claim(self) -> WDue | None: ...


class TariffQuoteRepository(Protocol):
    """Quotes; they end by themselves some time after they have expired."""

    def get(self, tariff_quote_id: str, /) -> TariffQuote | None: ...

    def save(self, quote: TariffQuote, /) -> None: ...


class TariffChangeRepository(WishRepository[TariffChange], Protocol):
    """Tariff changes. `save` also raises `TariffChangePending` when the account has another one that is pending."""

    def pending_on(self, key: AccountKey, /) -> TariffChange | None:
        """Return the account's change that may still happen."""
        ...


class ServiceOrderRepository(WishRepository[ServiceOrder], Protocol):
    """Service orders. `save` raises `VersionConflict` also for another order of the same request."""

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> ServiceOrder | None: ...


class PromisedPaymentRepository(WishRepository[PromisedPayment], Protocol):
    """Promised payments. `save` raises `VersionConflict` also for another one of the same request, and for a second one
    that would hold on the same account."""

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> PromisedPayment | None: ...

    def held_on(self, key: AccountKey, /) -> PromisedPayment | None:
        """Return the account's promise that is open or under way."""
        ...

    def unpaid_on(self, key: AccountKey, /) -> Sequence[PromisedPayment]:
        """Return the account's promises that are open or overdue, newest first."""
        ...


class ServiceOfferMemory(Protocol):
    """What was offered last: an order says what it is about also while the region does not answer."""

    def remember(self, key: AccountKey, offers: Sequence[ServiceOffer], /) -> None: ...

    def recall(self, key: AccountKey, offer_code: str, /) -> ServiceOffer | None: ...


class RegionalOrdering(Protocol):
    """What all regions' billing systems change at a wish.

    Every method raises `RegionUnavailable` when the region does not answer in time, is known not to answer, or answers
    nonsense; then it may have done what it was asked for. Methods about an account raise `AccountClosed` and
    `AccountNotInRegion`. Whatever changes something is idempotent by our id and raises a `RegionRefusal` for good.
    """

    def tariff_plans(self, key: AccountKey, /) -> Sequence[TariffPlan]: ...

    def quote(self, key: AccountKey, /, *, tariff_plan_id: str) -> QuotedChange: ...

    def schedule_change(self, key: AccountKey, /, *, change_id: str, quoted: QuotedChange) -> RegionalChange: ...

    def change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        """Return the change as it stands, None when the region knows of none."""
        ...

    def cancel_change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        """Return it as it stands, None when the region knows of none. Raises `TariffChangeDone`."""
        ...

    def service_offers(self, key: AccountKey, /) -> Sequence[ServiceOffer]: ...

    def order_service(self, key: AccountKey, /, *, order_id: str, offer_code: str) -> RegionalOrder: ...

    def order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        """Return the order as it stands, None when the region knows of none."""
        ...

    def cancel_order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        """Return it as it stands, None when the region knows of none. Raises `ServiceOrderDone`."""
        ...

    def eligibility(self, key: AccountKey, /) -> Eligibility: ...

    def take_promise(self, key: AccountKey, /, *, promise_id: str, amount: Money) -> RegionalPromise: ...

    def promise(self, region: str, /, *, promise_id: str) -> RegionalPromise | None:
        """Return the promise as it stands, None when the region knows of none."""
        ...
