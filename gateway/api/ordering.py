"""Tariff plan, services and promised payment of an account over JSON."""

from typing import Any

from gateway.actions import ordering as actions
from gateway.api.routes import answers, area
from gateway.auth import caller
from gateway.bodies import ordering as bodies
from gateway.bodies.accounts import BillingAccountPath
from gateway.bodies.payments import IdempotencyHeader
from gateway.errors import IdempotencyKeyMissing
from gateway.parts import parts
from gateway.views import ordering as views
from gateway.views.values import Items

api = area("ordering", "Changing the tariff plan, ordering services, promised payments")

_ACCOUNT = "/billing-accounts/<string:billing_account_id>"


@api.get(f"{_ACCOUNT}/tariffs", responses=answers(200, Items[views.OfferedTariffPlanView], name="TariffPlans"))
def list_tariff_plans(path: BillingAccountPath) -> Any:
    """List the tariff plans that the account could change to"""
    return actions.list_tariff_plans(caller(), path.billing_account_id)


@api.post(
    f"{_ACCOUNT}/tariff-quotes",
    responses=answers(201, views.TariffQuoteView, name="TariffQuote", refused=(401, 403, 404, 409)),
)
def create_tariff_quote(path: BillingAccountPath, body: bodies.NewTariffQuote) -> Any:
    """Tell what a change would cost and take away, and from when it would hold; good for 10 minutes"""
    return actions.create_tariff_quote(caller(), path.billing_account_id, body), 201


@api.post(
    f"{_ACCOUNT}/tariff-changes",
    responses=answers(201, views.TariffChangeView, name="TariffChange", refused=(401, 403, 404, 409)),
)
def create_tariff_change(path: BillingAccountPath, body: bodies.NewTariffChange) -> Any:
    """Change the tariff plan as quoted

    One quote is one change: the same quote again gets the first one. State `requested` means that the change is kept
    and will be done when the region answers.
    """
    return actions.create_tariff_change(caller(), path.billing_account_id, body), 201


@api.get(f"{_ACCOUNT}/tariff-changes", responses=answers(200, Items[views.TariffChangeView], name="TariffChanges"))
def list_tariff_changes(path: BillingAccountPath) -> Any:
    """List the last 20 changes, newest first"""
    return actions.list_tariff_changes(caller(), path.billing_account_id)


@api.delete(
    f"{_ACCOUNT}/tariff-changes/<string:tariff_change_id>",
    responses=answers(200, views.TariffChangeView, name="TariffChange", refused=(401, 403, 404, 409)),
)
def cancel_tariff_change(path: bodies.TariffChangePath) -> Any:
    """Take a change back until the day it takes effect; it stays readable"""
    return actions.cancel_tariff_change(caller(), path.billing_account_id, path.tariff_change_id)


@api.get(f"{_ACCOUNT}/service-offers", responses=answers(200, Items[views.ServiceOfferView], name="ServiceOffers"))
def list_service_offers(path: BillingAccountPath) -> Any:
    """List the services that can be ordered"""
    return actions.list_service_offers(caller(), path.billing_account_id)


@api.post(
    f"{_ACCOUNT}/service-orders",
    responses=answers(201, views.ServiceOrderView, name="ServiceOrder", refused=(401, 403, 404, 409, 422)),
)
def create_service_order(path: BillingAccountPath, header: IdempotencyHeader, body: bodies.NewServiceOrder) -> Any:
    """Order a service

    Needs `Idempotency-Key`: the same key and body get the first order again, another body is refused with 422. State
    `requested` means that the order is kept and will be done when the region answers.
    """
    order = actions.create_service_order(caller(), path.billing_account_id, body, request_id=_key(header))
    return order, 201


@api.get(f"{_ACCOUNT}/service-orders", responses=answers(200, Items[views.ServiceOrderView], name="ServiceOrders"))
def list_service_orders(path: BillingAccountPath) -> Any:
    """List the last 20 orders, newest first"""
    return actions.list_service_orders(caller(), path.billing_account_id)


@api.delete(
    f"{_ACCOUNT}/service-orders/<string:service_order_id>",
    responses=answers(200, views.ServiceOrderView, name="ServiceOrder", refused=(401, 403, 404, 409)),
)
def cancel_service_order(path: bodies.ServiceOrderPath) -> Any:
    """Cancel an order that is not connected yet; it stays readable"""
    return actions.cancel_service_order(caller(), path.billing_account_id, path.service_order_id)


@api.get(
    f"{_ACCOUNT}/promised-payments/eligibility",
    responses=answers(200, views.EligibilityView, name="PromisedPaymentEligibility"),
)
def get_eligibility(path: BillingAccountPath) -> Any:
    """Tell whether a promised payment can be taken now, with every reason in words when not"""
    return actions.get_eligibility(caller(), path.billing_account_id, texts=parts().eligibility)


@api.post(
    f"{_ACCOUNT}/promised-payments",
    responses=answers(201, views.PromisedPaymentView, name="PromisedPayment", refused=(401, 403, 404, 409, 422)),
)
def take_promised_payment(path: BillingAccountPath, header: IdempotencyHeader, body: bodies.NewPromisedPayment) -> Any:
    """Take a promised payment

    Needs `Idempotency-Key`: the same key and body get the first one again, another body is refused with 422. While one
    is open or under way every further request gets that one.
    """
    promise = actions.take_promised_payment(caller(), path.billing_account_id, body, request_id=_key(header))
    return promise, 201


@api.get(
    f"{_ACCOUNT}/promised-payments", responses=answers(200, Items[views.PromisedPaymentView], name="PromisedPayments")
)
def list_promised_payments(path: BillingAccountPath) -> Any:
    """List the last 20 promised payments, newest first"""
    return actions.list_promised_payments(caller(), path.billing_account_id)


def _key(header: IdempotencyHeader) -> str:
    if header.idempotency_key is None:
        raise IdempotencyKeyMissing("An order needs an Idempotency-Key.")
    return header.idempotency_key
