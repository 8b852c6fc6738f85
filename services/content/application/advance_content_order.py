"""Billing orders in the background and giving the entitlement: billed once at most, given once billed."""

from dataclasses import dataclass

import structlog

from services.chassis.clock import Clock
from services.content.domain.content_order import ContentOrder
from services.content.domain.entitlement import Entitlement
from services.content.domain.ports import Charges, ChargeVerdict, ContentOrderRepository, EntitlementRepository

_log = structlog.get_logger(__name__)
_LINK_ENDED = "BILLING_ACCOUNT_NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceContentOrder:
    """Bill one order that is due; say whether there was one.

    Killed after any line it begins anew: the region bills a charge id once, an order gives one entitlement, and only a
    saved order announces itself.
    """

    orders: ContentOrderRepository
    entitlements: EntitlementRepository
    charges: Charges
    clock: Clock

    def __call__(self) -> bool:
        order = self.orders.claim_due()
        if order is None:
            return False
        self._advance(order)
        self.orders.save(order)
        return True

    def _advance(self, order: ContentOrder) -> None:
        outcome = self.charges.place(order)
        now = self.clock.now()
        match outcome.verdict:
            case ChargeVerdict.BILLED:
                self.entitlements.add(Entitlement.by(order, now=now))
                order.complete(now=now)
            case ChargeVerdict.REFUSED:
                order.refuse(outcome.reason)
            case ChargeVerdict.NO_ACCOUNT if not order.charge_may_exist:
                order.refuse(_LINK_ENDED)
            case ChargeVerdict.NO_ACCOUNT | ChargeVerdict.UNKNOWN:
                order.lose_track(now=now)
        if order.needs_a_person(now):
            _log.error("content_order_undecided", content_order_id=order.content_order_id, failures=order.failures)
