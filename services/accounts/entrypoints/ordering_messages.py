"""Between the messages of AccountOrderingService and the domain's values."""

from collections.abc import Mapping
from datetime import datetime

from kabinet.accounts.v1 import ordering_pb2 as pb

from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.promised_payment import Eligibility, PromisedPayment, PromisedPaymentState
from services.accounts.domain.service_order import ServiceOffer, ServiceOrder, ServiceOrderState
from services.accounts.domain.tariff_change import TariffChange, TariffChangeState
from services.accounts.domain.tariff_quote import TariffQuote
from services.chassis.grpc_values import money_to_proto, time_to_proto

_CHANGES: Mapping[TariffChangeState, pb.TariffChangeState.ValueType] = {
    TariffChangeState.REQUESTED: pb.TARIFF_CHANGE_STATE_REQUESTED,
    TariffChangeState.SCHEDULED: pb.TARIFF_CHANGE_STATE_SCHEDULED,
    TariffChangeState.DONE: pb.TARIFF_CHANGE_STATE_DONE,
    TariffChangeState.CANCELING: pb.TARIFF_CHANGE_STATE_CANCELING,
    TariffChangeState.CANCELED: pb.TARIFF_CHANGE_STATE_CANCELED,
    TariffChangeState.REFUSED: pb.TARIFF_CHANGE_STATE_REFUSED,
}
_ORDERS: Mapping[ServiceOrderState, pb.ServiceOrderState.ValueType] = {
    ServiceOrderState.REQUESTED: pb.SERVICE_ORDER_STATE_REQUESTED,
    ServiceOrderState.ACCEPTED: pb.SERVICE_ORDER_STATE_ACCEPTED,
    ServiceOrderState.IN_PROGRESS: pb.SERVICE_ORDER_STATE_IN_PROGRESS,
    ServiceOrderState.DONE: pb.SERVICE_ORDER_STATE_DONE,
    ServiceOrderState.CANCELING: pb.SERVICE_ORDER_STATE_CANCELING,
    ServiceOrderState.CANCELED: pb.SERVICE_ORDER_STATE_CANCELED,
    ServiceOrderState.REFUSED: pb.SERVICE_ORDER_STATE_REFUSED,
}
_PROMISES: Mapping[PromisedPaymentState, pb.PromisedPaymentState.ValueType] = {
    PromisedPaymentState.REQUESTED: pb.PROMISED_PAYMENT_STATE_REQUESTED,
    PromisedPaymentState.OPEN: pb.PROMISED_PAYMENT_STATE_OPEN,
    PromisedPaymentState.REPAID: pb.PROMISED_PAYMENT_STATE_REPAID,
    PromisedPaymentState.OVERDUE: pb.PROMISED_PAYMENT_STATE_OVERDUE,
    PromisedPaymentState.REFUSED: pb.PROMISED_PAYMENT_STATE_REFUSED,
}


def tariff_plan(plan: TariffPlan, /) -> pb.TariffPlan:
    """Return the message of a plan."""
    return pb.TariffPlan(
        tariff_plan_id=plan.tariff_plan_id, name=plan.name, monthly_fee=money_to_proto(plan.monthly_fee)
    )


def tariff_quote(quote: TariffQuote, /) -> pb.TariffQuote:
    """Return the message of a quote."""
    quoted = quote.quoted
    return pb.TariffQuote(
        tariff_quote_id=quote.tariff_quote_id,
        billing_account_id=quote.billing_account_id,
        tariff_plan=tariff_plan(quoted.tariff_plan),
        price_now=money_to_proto(quoted.price_now),
        next_bill=money_to_proto(quoted.next_bill),
        lost=quoted.lost,
        effective_date=quoted.effective_date.isoformat(),
        expires_at=time_to_proto(quote.expires_at),
    )


def tariff_change(change: TariffChange, /, *, billing_account_id: str, now: datetime) -> pb.TariffChange:
    """Return the message of a change as whoever has linked the account under that id sees it."""
    undo_until = change.undo_until if change.can_be_taken_back(now=now) else None
    return pb.TariffChange(
        tariff_change_id=change.tariff_change_id,
        billing_account_id=billing_account_id,
        tariff_plan=tariff_plan(change.quoted.tariff_plan),
        effective_date=change.quoted.effective_date.isoformat(),
        state=_CHANGES[change.state],
        undo_until=time_to_proto(undo_until),
        refusal_reason=change.refusal_reason or "",
        created_at=time_to_proto(change.created_at),
    )


def service_offer(offer: ServiceOffer, /) -> pb.ServiceOffer:
    """Return the message of an offer."""
    return pb.ServiceOffer(
        offer_code=offer.offer_code,
        kind=offer.kind.value,
        name=offer.name,
        connection_price=money_to_proto(offer.connection_price),
        monthly_fee=money_to_proto(offer.monthly_fee),
    )


def service_order(order: ServiceOrder, /, *, billing_account_id: str) -> pb.ServiceOrder:
    """Return the message of an order; of an offer that nobody has described yet, its code."""
    offer = service_offer(order.offer) if order.offer else pb.ServiceOffer(offer_code=order.offer_code)
    return pb.ServiceOrder(
        service_order_id=order.service_order_id,
        billing_account_id=billing_account_id,
        offer=offer,
        state=_ORDERS[order.state],
        refusal_reason=order.refusal_reason or "",
        created_at=time_to_proto(order.created_at),
        changed_at=time_to_proto(order.changed_at),
    )


def eligibility(value: Eligibility, /) -> pb.GetPromisedPaymentEligibilityResponse:
    """Return the message of whether a promise can be taken."""
    return pb.GetPromisedPaymentEligibilityResponse(
        eligible=value.eligible,
        reasons=value.reasons,
        largest_amount=money_to_proto(value.largest_amount) if value.largest_amount else None,
        fee=money_to_proto(value.fee) if value.fee else None,
        days=value.days,
        eligible_from=time_to_proto(value.eligible_from),
    )


def promised_payment(promise: PromisedPayment, /, *, billing_account_id: str) -> pb.PromisedPayment:
    """Return the message of a promised payment."""
    return pb.PromisedPayment(
        promised_payment_id=promise.promised_payment_id,
        billing_account_id=billing_account_id,
        amount=money_to_proto(promise.amount),
        fee=money_to_proto(promise.fee) if promise.fee else None,
        state=_PROMISES[promise.state],
        due_at=time_to_proto(promise.repay_by),
        refusal_reason=promise.refusal_reason or "",
        created_at=time_to_proto(promise.created_at),
    )
