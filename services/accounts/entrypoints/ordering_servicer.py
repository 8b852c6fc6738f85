"""AccountOrderingService in: parse, call one use case, render."""

import grpc
from kabinet.accounts.v1 import ordering_pb2 as pb
from kabinet.accounts.v1 import ordering_pb2_grpc

from services.accounts.application.change_tariff import ChangesOnAccount
from services.accounts.application.order_service import OrderRequest
from services.accounts.application.promise_payment import PromiseRequest
from services.accounts.bootstrap_ordering import OrderingUseCases
from services.accounts.entrypoints import ordering_messages as messages
from services.chassis.caller import current_subscriber
from services.chassis.clock import Clock
from services.chassis.grpc_values import money_from_proto

Context = grpc.ServicerContext


class OrderingServicer(ordering_pb2_grpc.AccountOrderingServiceServicer):
    """Answers AccountOrderingService. Whose account it is says the token, never a field."""

    def __init__(self, use_cases: OrderingUseCases, /, *, clock: Clock) -> None:
        self._use = use_cases
        self._clock = clock

    def ListTariffPlans(  # noqa: N802
        self, request: pb.ListTariffPlansRequest, context: Context
    ) -> pb.ListTariffPlansResponse:
        plans = self._use.list_plans(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListTariffPlansResponse(tariff_plans=[messages.tariff_plan(plan) for plan in plans])

    def CreateTariffQuote(  # noqa: N802
        self, request: pb.CreateTariffQuoteRequest, context: Context
    ) -> pb.CreateTariffQuoteResponse:
        quote = self._use.create_quote(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            tariff_plan_id=request.tariff_plan_id,
        )
        return pb.CreateTariffQuoteResponse(tariff_quote=messages.tariff_quote(quote))

    def CreateTariffChange(  # noqa: N802
        self, request: pb.CreateTariffChangeRequest, context: Context
    ) -> pb.CreateTariffChangeResponse:
        shown = self._use.create_change(
            subscriber_id=_subscriber_id(),
            tariff_quote_id=request.tariff_quote_id,
            billing_account_id=request.billing_account_id,
        )
        (change,) = self._changes(shown)
        return pb.CreateTariffChangeResponse(tariff_change=change)

    def ListTariffChanges(  # noqa: N802
        self, request: pb.ListTariffChangesRequest, context: Context
    ) -> pb.ListTariffChangesResponse:
        shown = self._use.list_changes(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListTariffChangesResponse(tariff_changes=self._changes(shown))

    def CancelTariffChange(  # noqa: N802
        self, request: pb.CancelTariffChangeRequest, context: Context
    ) -> pb.CancelTariffChangeResponse:
        shown = self._use.cancel_change(
            subscriber_id=_subscriber_id(),
            tariff_change_id=request.tariff_change_id,
            billing_account_id=request.billing_account_id,
        )
        (change,) = self._changes(shown)
        return pb.CancelTariffChangeResponse(tariff_change=change)

    def ListServiceOffers(  # noqa: N802
        self, request: pb.ListServiceOffersRequest, context: Context
    ) -> pb.ListServiceOffersResponse:
        offers = self._use.list_offers(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListServiceOffersResponse(offers=[messages.service_offer(offer) for offer in offers])

    def CreateServiceOrder(  # noqa: N802
        self, request: pb.CreateServiceOrderRequest, context: Context
    ) -> pb.CreateServiceOrderResponse:
        shown = self._use.create_order(
            OrderRequest(
                subscriber_id=_subscriber_id(),
                request_id=request.request_id,
                billing_account_id=request.billing_account_id,
                offer_code=request.offer_code,
            )
        )
        order = messages.service_order(shown.only, billing_account_id=shown.billing_account_id)
        return pb.CreateServiceOrderResponse(service_order=order)

    def ListServiceOrders(  # noqa: N802
        self, request: pb.ListServiceOrdersRequest, context: Context
    ) -> pb.ListServiceOrdersResponse:
        shown = self._use.list_orders(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListServiceOrdersResponse(
            service_orders=[
                messages.service_order(order, billing_account_id=shown.billing_account_id) for order in shown.orders
            ]
        )

    def CancelServiceOrder(  # noqa: N802
        self, request: pb.CancelServiceOrderRequest, context: Context
    ) -> pb.CancelServiceOrderResponse:
        shown = self._use.cancel_order(
            subscriber_id=_subscriber_id(),
            service_order_id=request.service_order_id,
            billing_account_id=request.billing_account_id,
        )
        order = messages.service_order(shown.only, billing_account_id=shown.billing_account_id)
        return pb.CancelServiceOrderResponse(service_order=order)

    def GetPromisedPaymentEligibility(  # noqa: N802
        self, request: pb.GetPromisedPaymentEligibilityRequest, context: Context
    ) -> pb.GetPromisedPaymentEligibilityResponse:
        return messages.eligibility(
            self._use.read_eligibility(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        )

    def TakePromisedPayment(  # noqa: N802
        self, request: pb.TakePromisedPaymentRequest, context: Context
    ) -> pb.TakePromisedPaymentResponse:
        shown = self._use.take_promise(
            PromiseRequest(
                subscriber_id=_subscriber_id(),
                request_id=request.request_id,
                billing_account_id=request.billing_account_id,
                amount=money_from_proto(request.amount, field="amount"),
            )
        )
        promise = messages.promised_payment(shown.only, billing_account_id=shown.billing_account_id)
        return pb.TakePromisedPaymentResponse(promised_payment=promise)

    def ListPromisedPayments(  # noqa: N802
        self, request: pb.ListPromisedPaymentsRequest, context: Context
    ) -> pb.ListPromisedPaymentsResponse:
        shown = self._use.list_promises(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListPromisedPaymentsResponse(
            promised_payments=[
                messages.promised_payment(promise, billing_account_id=shown.billing_account_id)
                for promise in shown.promises
            ]
        )

    def _changes(self, shown: ChangesOnAccount) -> list[pb.TariffChange]:
        now = self._clock.now()
        return [
            messages.tariff_change(change, billing_account_id=shown.billing_account_id, now=now)
            for change in shown.changes
        ]


def _subscriber_id() -> str:
    return current_subscriber().subscriber_id
