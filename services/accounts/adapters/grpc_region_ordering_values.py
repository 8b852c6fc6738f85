"""What a region answers about plans, orders and promises, as values of the domain."""

from collections.abc import Mapping
from datetime import date

from kabinet.regional.v1 import billing_pb2
from kabinet.regional.v1 import ordering_pb2 as pb

from services.accounts.adapters.grpc_region_values import KINDS, money, present, tariff_plan
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.promised_payment import Eligibility, PromisedPaymentState, RegionalPromise
from services.accounts.domain.service_order import RegionalOrder, ServiceOffer, ServiceOrderState
from services.accounts.domain.tariff_change import RegionalChange, TariffChangeState
from services.accounts.domain.tariff_quote import QuotedChange
from services.chassis.grpc_values import money_to_proto, time_from_proto

_CHANGES: Mapping[int, TariffChangeState] = {
    pb.TARIFF_CHANGE_STATE_SCHEDULED: TariffChangeState.SCHEDULED,
    pb.TARIFF_CHANGE_STATE_DONE: TariffChangeState.DONE,
    pb.TARIFF_CHANGE_STATE_CANCELED: TariffChangeState.CANCELED,
}
_ORDERS: Mapping[int, ServiceOrderState] = {
    pb.SERVICE_ORDER_STATE_ACCEPTED: ServiceOrderState.ACCEPTED,
    pb.SERVICE_ORDER_STATE_IN_PROGRESS: ServiceOrderState.IN_PROGRESS,
    pb.SERVICE_ORDER_STATE_DONE: ServiceOrderState.DONE,
    pb.SERVICE_ORDER_STATE_CANCELED: ServiceOrderState.CANCELED,
    pb.SERVICE_ORDER_STATE_REFUSED: ServiceOrderState.REFUSED,
}
_PROMISES: Mapping[int, PromisedPaymentState] = {
    pb.PROMISED_PAYMENT_STATE_OPEN: PromisedPaymentState.OPEN,
    pb.PROMISED_PAYMENT_STATE_REPAID: PromisedPaymentState.REPAID,
    pb.PROMISED_PAYMENT_STATE_OVERDUE: PromisedPaymentState.OVERDUE,
}


def plans_of(answer: pb.ListTariffPlansResponse, /) -> tuple[TariffPlan, ...]:
    """Return the plans, by monthly fee whatever order they came in."""
    plans = [_plan(plan) for plan in answer.tariff_plans]
    return tuple(sorted(plans, key=lambda plan: (plan.monthly_fee.amount_minor, plan.name)))


def quoted_of(quote: pb.TariffQuote, /) -> QuotedChange:
    """Return what a change comes to."""
    return QuotedChange(
        tariff_plan=_plan(quote.tariff_plan),
        price_now=money(quote.price_now),
        next_bill=money(quote.next_bill),
        lost=tuple(quote.lost),
        effective_date=date.fromisoformat(quote.effective_date),
    )


def quoted_to(quoted: QuotedChange, /) -> pb.TariffQuote:
    """Return the message of what was quoted, as it came."""
    plan = quoted.tariff_plan
    return pb.TariffQuote(
        tariff_plan=billing_pb2.TariffPlan(
            tariff_plan_id=plan.tariff_plan_id, name=plan.name, monthly_fee=money_to_proto(plan.monthly_fee)
        ),
        price_now=money_to_proto(quoted.price_now),
        next_bill=money_to_proto(quoted.next_bill),
        lost=quoted.lost,
        effective_date=quoted.effective_date.isoformat(),
    )


def change_of(change: pb.TariffChange, /) -> RegionalChange:
    """Return a tariff change."""
    return RegionalChange(change_id=change.change_id, quoted=quoted_of(change.quote), state=_CHANGES[change.state])


def offers_of(answer: pb.ListServiceOffersResponse, /) -> tuple[ServiceOffer, ...]:
    """Return the offers, by kind and name."""
    offers = [_offer(offer) for offer in answer.offers]
    return tuple(sorted(offers, key=lambda offer: (offer.kind.value, offer.name)))


def order_of(order: pb.ServiceOrder, /) -> RegionalOrder:
    """Return a service order."""
    return RegionalOrder(
        order_id=order.order_id,
        offer=_offer(order.offer),
        state=_ORDERS[order.state],
        changed_at=time_from_proto(present(order.changed_at)),
        refusal_reason=order.refusal_reason,
    )


def eligibility_of(answer: pb.GetPromisedPaymentEligibilityResponse, /) -> Eligibility:
    """Return whether a promise can be taken. A no without a reason is refused, and so is a yes without its terms."""
    if answer.eligible:
        if answer.reasons or answer.days <= 0:
            raise ValueError("eligible, but not to what")
        return Eligibility(
            reasons=(), largest_amount=money(answer.largest_amount), fee=money(answer.fee), days=answer.days
        )
    if not answer.reasons:
        raise ValueError("not eligible, but not why")
    again = answer.eligible_from if answer.HasField("eligible_from") else None
    return Eligibility(
        reasons=tuple(answer.reasons), eligible_from=time_from_proto(again) if again is not None else None
    )


def promise_of(promise: pb.PromisedPayment, /) -> RegionalPromise:
    """Return a promised payment."""
    return RegionalPromise(
        promise_id=promise.promise_id,
        amount=money(promise.amount),
        fee=money(promise.fee),
        taken_at=time_from_proto(present(promise.taken_at)),
        due_at=time_from_proto(present(promise.due_at)),
        state=_PROMISES[promise.state],
    )


def _plan(plan: billing_pb2.TariffPlan) -> TariffPlan:
    if not plan.tariff_plan_id:
        raise ValueError("a plan without an id")
    return tariff_plan(plan)


def _offer(offer: pb.ServiceOffer) -> ServiceOffer:
    if not offer.offer_code:
        raise ValueError("an offer without a code")
    return ServiceOffer(
        offer_code=offer.offer_code,
        kind=KINDS[offer.kind],
        name=offer.name,
        connection_price=money(offer.connection_price),
        monthly_fee=money(offer.monthly_fee),
    )
