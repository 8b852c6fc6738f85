"""Tariff plan, services and promised payment of an account: what the API and the pages do alike.

A wish is saved by accounts and carried to the region from there; the answer says how far it has come.
"""

from kabinet.accounts.v1 import ordering_pb2

from gateway.actions.eligibility import EligibilityTexts
from gateway.actions.values import money
from gateway.bodies import ordering as bodies
from gateway.clients import Caller
from gateway.views import ordering as views
from gateway.views.values import Items, items

_REGION_S = 6.0  # the region is asked, or told, within the call


def list_tariff_plans(caller: Caller, billing_account_id: str, /) -> Items[views.OfferedTariffPlanView]:
    """Return the plans that an account could change to; only its region knows them (F13)."""
    ordering = caller.clients.ordering
    request = ordering_pb2.ListTariffPlansRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.ListTariffPlans, request, cap_s=_REGION_S)
    return items([views.tariff_plan(item) for item in answer.tariff_plans])


def create_tariff_quote(
    caller: Caller, billing_account_id: str, body: bodies.NewTariffQuote, /
) -> views.TariffQuoteView:
    """Return what a change would come to; good for 10 minutes."""
    ordering = caller.clients.ordering
    request = ordering_pb2.CreateTariffQuoteRequest(
        billing_account_id=billing_account_id, tariff_plan_id=body.tariff_plan_id
    )
    answer = caller.ask(ordering, ordering.stub.CreateTariffQuote, request, cap_s=_REGION_S)
    return views.tariff_quote(answer.tariff_quote)


def create_tariff_change(
    caller: Caller, billing_account_id: str, body: bodies.NewTariffChange, /
) -> views.TariffChangeView:
    """Change the plan as quoted for this account; a double tap gets the first change."""
    ordering = caller.clients.ordering
    request = ordering_pb2.CreateTariffChangeRequest(
        tariff_quote_id=body.tariff_quote_id, billing_account_id=billing_account_id
    )
    answer = caller.ask(ordering, ordering.stub.CreateTariffChange, request, cap_s=_REGION_S)
    return views.tariff_change(answer.tariff_change)


def list_tariff_changes(caller: Caller, billing_account_id: str, /) -> Items[views.TariffChangeView]:
    """Return the changes of an account, newest first; no region is asked."""
    ordering = caller.clients.ordering
    request = ordering_pb2.ListTariffChangesRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.ListTariffChanges, request)
    return items([views.tariff_change(item) for item in answer.tariff_changes])


def cancel_tariff_change(caller: Caller, billing_account_id: str, tariff_change_id: str, /) -> views.TariffChangeView:
    """Take a change of this account back, which can be done until the day it takes effect."""
    ordering = caller.clients.ordering
    request = ordering_pb2.CancelTariffChangeRequest(
        tariff_change_id=tariff_change_id, billing_account_id=billing_account_id
    )
    answer = caller.ask(ordering, ordering.stub.CancelTariffChange, request, cap_s=_REGION_S)
    return views.tariff_change(answer.tariff_change)


def list_service_offers(caller: Caller, billing_account_id: str, /) -> Items[views.ServiceOfferView]:
    """Return the services that can be ordered; only the region knows them (F23)."""
    ordering = caller.clients.ordering
    request = ordering_pb2.ListServiceOffersRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.ListServiceOffers, request, cap_s=_REGION_S)
    return items([views.service_offer(item) for item in answer.offers])


def create_service_order(
    caller: Caller, billing_account_id: str, body: bodies.NewServiceOrder, /, *, request_id: str
) -> views.ServiceOrderView:
    """Order a service; the same `request_id` gets the first order again."""
    ordering = caller.clients.ordering
    request = ordering_pb2.CreateServiceOrderRequest(
        request_id=request_id, billing_account_id=billing_account_id, offer_code=body.offer_code
    )
    answer = caller.ask(ordering, ordering.stub.CreateServiceOrder, request, cap_s=_REGION_S)
    return views.service_order(answer.service_order)


def list_service_orders(caller: Caller, billing_account_id: str, /) -> Items[views.ServiceOrderView]:
    """Return the orders of an account, newest first; no region is asked."""
    ordering = caller.clients.ordering
    request = ordering_pb2.ListServiceOrdersRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.ListServiceOrders, request)
    return items([views.service_order(item) for item in answer.service_orders])


def cancel_service_order(caller: Caller, billing_account_id: str, service_order_id: str, /) -> views.ServiceOrderView:
    """Cancel an order of this account that is not connected yet."""
    ordering = caller.clients.ordering
    request = ordering_pb2.CancelServiceOrderRequest(
        service_order_id=service_order_id, billing_account_id=billing_account_id
    )
    answer = caller.ask(ordering, ordering.stub.CancelServiceOrder, request, cap_s=_REGION_S)
    return views.service_order(answer.service_order)


def get_eligibility(caller: Caller, billing_account_id: str, /, *, texts: EligibilityTexts) -> views.EligibilityView:
    """Return whether a promised payment can be taken, with every reason in words when not (F18)."""
    ordering = caller.clients.ordering
    request = ordering_pb2.GetPromisedPaymentEligibilityRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.GetPromisedPaymentEligibility, request, cap_s=_REGION_S)
    return views.eligibility(answer, reasons=texts.of(answer.reasons, language=caller.language))


def take_promised_payment(
    caller: Caller, billing_account_id: str, body: bodies.NewPromisedPayment, /, *, request_id: str
) -> views.PromisedPaymentView:
    """Take a promised payment; a second request while one holds gets that one."""
    ordering = caller.clients.ordering
    request = ordering_pb2.TakePromisedPaymentRequest(
        request_id=request_id, billing_account_id=billing_account_id, amount=money(body.amount)
    )
    answer = caller.ask(ordering, ordering.stub.TakePromisedPayment, request, cap_s=_REGION_S)
    return views.promised_payment(answer.promised_payment)


def list_promised_payments(caller: Caller, billing_account_id: str, /) -> Items[views.PromisedPaymentView]:
    """Return the promised payments of an account, newest first; no region is asked."""
    ordering = caller.clients.ordering
    request = ordering_pb2.ListPromisedPaymentsRequest(billing_account_id=billing_account_id)
    answer = caller.ask(ordering, ordering.stub.ListPromisedPayments, request)
    return items([views.promised_payment(item) for item in answer.promised_payments])
