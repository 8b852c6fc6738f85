"""A dispatcher for one sort of wish, on dictionaries, and ways to kill it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from services.accounts.application.account_standing import CheckOwner
from services.accounts.application.carry_wish import CarryDueWish, CarryWish
from services.accounts.application.tell_region import TellPromisedPayment, TellServiceOrder, TellTariffChange
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.promised_payment import PromisedPaymentState
from services.accounts.domain.service_order import ServiceOrderState
from services.accounts.domain.tariff_change import TariffChangeState
from tests.accounts.builders import SettableClock
from tests.accounts.fakes import FakeSnapshots
from tests.accounts.ordering_builders import ERRANDS, make_change, make_order, make_promise
from tests.accounts.ordering_fakes import (
    FakeOrderingRegion,
    FakePromisedPayments,
    FakeServiceOrders,
    FakeTariffChanges,
)


class Killed(BaseException):
    """What a SIGKILL is to the code that runs: nothing after it happens."""


@dataclass(slots=True)
class Office:
    """A dispatcher for one sort of wish, with everything it needs."""

    clock: SettableClock
    region: FakeOrderingRegion
    snapshots: FakeSnapshots
    wishes: Any
    tell: Callable[[Any], None]
    books: dict[str, Any]
    make: Callable[[], Any]
    taken: Any
    take_back: Callable[[Any], object] | None
    refreshed: list[AccountKey] = field(default_factory=list)

    @property
    def carry(self) -> CarryWish[Any]:
        return CarryWish(
            wishes=self.wishes, tell=self.tell, refresh=self.refreshed.append, plan=ERRANDS, clock=self.clock
        )

    def carry_due(self) -> bool:
        return CarryDueWish(queue=self.wishes, carry=self.carry)()

    def carry_all(self, *, tries: int = 12) -> None:
        """Go on for an hour, over whatever becomes due."""
        for _ in range(tries):
            self.clock.advance(minutes=5)
            while self.carry_due():
                pass

    def requested(self) -> Any:
        wish = self.make()
        self.wishes.save(wish)
        return wish

    def found(self, wish: Any) -> Any:
        return self.wishes.get(wish.wish_id)

    def done_once(self, wish: Any) -> None:
        assert self.found(wish).state is self.taken
        assert list(self.books) == [wish.wish_id]


def tariffs(clock: SettableClock, region: FakeOrderingRegion) -> Office:
    """Return an office of tariff changes."""
    snapshots = FakeSnapshots()
    return Office(
        snapshots=snapshots,
        clock=clock,
        region=region,
        wishes=FakeTariffChanges(clock),
        tell=TellTariffChange(region=region, check_owner=CheckOwner(snapshots=snapshots), plan=ERRANDS, clock=clock),
        books=region.changes,
        make=lambda: make_change(now=clock.now()),
        taken=TariffChangeState.SCHEDULED,
        take_back=lambda change: change.take_back(now=clock.now()),
    )


def services(clock: SettableClock, region: FakeOrderingRegion) -> Office:
    """Return an office of service orders."""
    snapshots = FakeSnapshots()
    return Office(
        snapshots=snapshots,
        clock=clock,
        region=region,
        wishes=FakeServiceOrders(clock),
        tell=TellServiceOrder(region=region, check_owner=CheckOwner(snapshots=snapshots), plan=ERRANDS, clock=clock),
        books=region.orders,
        make=lambda: make_order(now=clock.now()),
        taken=ServiceOrderState.ACCEPTED,
        take_back=lambda order: order.cancel(now=clock.now()),
    )


def promises(clock: SettableClock, region: FakeOrderingRegion) -> Office:
    """Return an office of promised payments."""
    snapshots = FakeSnapshots()
    return Office(
        snapshots=snapshots,
        clock=clock,
        region=region,
        wishes=FakePromisedPayments(clock),
        tell=TellPromisedPayment(region=region, check_owner=CheckOwner(snapshots=snapshots), plan=ERRANDS, clock=clock),
        books=region.promises,
        make=lambda: make_promise(now=clock.now()),
        taken=PromisedPaymentState.OPEN,
        take_back=None,
    )


def once(error: BaseException, *, method: str) -> Callable[[str], None]:
    """Trouble at the first call of a method."""
    left = [error]

    def trouble(called: str) -> None:
        if called == method and left:
            raise left.pop()

    return trouble


def carried(office: Office) -> None:
    """Carry a step; a kill ends it anywhere."""
    office.clock.advance(seconds=5)
    with suppress(Killed):
        office.carry_due()
