"""What a region is asked about a wish, by its state. A timeout says nothing, so a second try asks before it sends; and
a refusal counts only when the region holds nothing under that id."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.accounts.application.account_standing import CheckOwner
from services.accounts.domain.errand import ErrandPlan
from services.accounts.domain.errors import AccountClosed
from services.accounts.domain.ordering_errors import RegionRefusal, ServiceOrderDone, TariffChangeDone
from services.accounts.domain.ordering_ports import RegionalOrdering
from services.accounts.domain.promised_payment import PromisedPayment, PromisedPaymentState
from services.accounts.domain.service_order import ServiceOrder, ServiceOrderState
from services.accounts.domain.standing import ProofOutdated
from services.accounts.domain.tariff_change import TariffChange, TariffChangeState
from services.chassis.clock import Clock

Answer = TypeVar("Answer")
_FINAL = (RegionRefusal, AccountClosed, ProofOutdated)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellTariffChange:
    """Moves a tariff change by what its region says. Raises `RegionUnavailable`."""

    region: RegionalOrdering
    check_owner: CheckOwner
    plan: ErrandPlan
    clock: Clock

    def __call__(self, change: TariffChange, /) -> None:
        match change.state:
            case TariffChangeState.REQUESTED:
                self._schedule(change)
            case TariffChangeState.SCHEDULED:
                self._look(change)
            case TariffChangeState.CANCELING:
                self._take_back(change)

    def _schedule(self, change: TariffChange) -> None:
        try:
            answer = _once(
                tried=change.errand.tries > 0,
                check=lambda: self.check_owner(change.key, change.created_at),
                find=lambda: self.region.change(change.key.region, change_id=change.tariff_change_id),
                send=lambda: self.region.schedule_change(
                    change.key, change_id=change.tariff_change_id, quoted=change.quoted
                ),
            )
        except _FINAL as refusal:
            change.refuse(refusal.reason, now=self.clock.now())
        else:
            change.heed(answer, plan=self.plan, now=self.clock.now())

    def _look(self, change: TariffChange) -> None:
        answer = self.region.change(change.key.region, change_id=change.tariff_change_id)
        if answer is None:
            change.forgotten(plan=self.plan, now=self.clock.now())
        else:
            change.heed(answer, plan=self.plan, now=self.clock.now())

    def _take_back(self, change: TariffChange) -> None:
        try:
            answer = self.region.cancel_change(change.key.region, change_id=change.tariff_change_id)
        except TariffChangeDone:
            change.done(now=self.clock.now())
        except AccountClosed:
            change.never(now=self.clock.now())
        else:
            if answer is None:
                change.forgotten(plan=self.plan, now=self.clock.now())
            else:
                change.heed(answer, plan=self.plan, now=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class TellServiceOrder:
    """Moves a service order by what its region says. Raises `RegionUnavailable`."""

    region: RegionalOrdering
    check_owner: CheckOwner
    plan: ErrandPlan
    clock: Clock

    def __call__(self, order: ServiceOrder, /) -> None:
        match order.state:
            case ServiceOrderState.REQUESTED:
                self._order(order)
            case ServiceOrderState.ACCEPTED | ServiceOrderState.IN_PROGRESS:
                self._look(order)
            case ServiceOrderState.CANCELING:
                self._cancel(order)

    def _order(self, order: ServiceOrder) -> None:
        try:
            answer = _once(
                tried=order.errand.tries > 0,
                check=lambda: self.check_owner(order.key, order.created_at),
                find=lambda: self.region.order(order.key.region, order_id=order.service_order_id),
                send=lambda: self.region.order_service(
                    order.key, order_id=order.service_order_id, offer_code=order.offer_code
                ),
            )
        except _FINAL as refusal:
            order.refuse(refusal.reason, now=self.clock.now())
        else:
            order.heed(answer, plan=self.plan, now=self.clock.now())

    def _look(self, order: ServiceOrder) -> None:
        answer = self.region.order(order.key.region, order_id=order.service_order_id)
        if answer is None:
            order.forgotten(plan=self.plan, now=self.clock.now())
        else:
            order.heed(answer, plan=self.plan, now=self.clock.now())

    def _cancel(self, order: ServiceOrder) -> None:
        try:
            answer = self.region.cancel_order(order.key.region, order_id=order.service_order_id)
        except ServiceOrderDone:
            order.done(now=self.clock.now())
        except AccountClosed:
            order.never(now=self.clock.now())
        else:
            if answer is None:
                order.forgotten(plan=self.plan, now=self.clock.now())
            else:
                order.heed(answer, plan=self.plan, now=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class TellPromisedPayment:
    """Moves a promised payment by what its region says. Raises `RegionUnavailable`."""

    region: RegionalOrdering
    check_owner: CheckOwner
    plan: ErrandPlan
    clock: Clock

    def __call__(self, promise: PromisedPayment, /) -> None:
        match promise.state:
            case PromisedPaymentState.REQUESTED:
                self._take(promise)
            case PromisedPaymentState.OPEN | PromisedPaymentState.OVERDUE:
                self._look(promise)

    def _take(self, promise: PromisedPayment) -> None:
        try:
            answer = _once(
                tried=promise.errand.tries > 0,
                check=lambda: self.check_owner(promise.key, promise.created_at),
                find=lambda: self.region.promise(promise.key.region, promise_id=promise.promised_payment_id),
                send=lambda: self.region.take_promise(
                    promise.key, promise_id=promise.promised_payment_id, amount=promise.amount
                ),
            )
        except _FINAL as refusal:
            promise.refuse(refusal.reason, now=self.clock.now())
        else:
            promise.heed(answer, plan=self.plan, now=self.clock.now())

    def _look(self, promise: PromisedPayment) -> None:
        answer = self.region.promise(promise.key.region, promise_id=promise.promised_payment_id)
        if answer is None:
            promise.forgotten(now=self.clock.now())
        else:
            promise.heed(answer, plan=self.plan, now=self.clock.now())


def _once(
    *, tried: bool, check: Callable[[], None], find: Callable[[], Answer | None], send: Callable[[], Answer]
) -> Answer:
    """Return what the region holds, after sending it if it holds nothing. Raises what the region refuses with, and
    what `check` finds against sending it."""
    found = find() if tried else None
    if found is not None:
        return found
    try:
        check()
        return send()
    except _FINAL:
        held = find()
        if held is None:
            raise
        return held
