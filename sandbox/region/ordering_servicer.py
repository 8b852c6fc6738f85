"""The methods of `RegionalOrderingService`: read a request, run the books, render the answer."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from kabinet.regional.v1 import billing_pb2, ordering_pb2, ordering_pb2_grpc

from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import promised_payments, service_orders, tariffs
from sandbox.region.calendar import Calendar
from sandbox.region.calls import Calls
from sandbox.region.refusals import promised_amount_invalid
from sandbox.region.rules import Rules, ServiceOffer
from sandbox.region.values import RUB, money, timestamp


class OrderingServicer(ordering_pb2_grpc.RegionalOrderingServiceServicer):
    """`RegionalOrderingService` over a region's books and rules."""

    def __init__(
        self,
        *,
        database: Database,
        rules: Rules,
        calls: Calls,
        calendar: Calendar,
        clock: Clock,
        on_news: Callable[[], None],
    ) -> None:
        self._database = database
        self._rules = rules
        self._calls = calls
        self._calendar = calendar
        self._clock = clock
        self._on_news = on_news

    def ListTariffPlans(  # noqa: N802
        self, request: ordering_pb2.ListTariffPlansRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.ListTariffPlansResponse:
        with self._reading("ListTariffPlans", context, request.number) as books:
            plans = tariffs.plans_for(books, self._rules, number=request.number)
            return ordering_pb2.ListTariffPlansResponse(tariff_plans=plans)

    def QuoteTariffChange(  # noqa: N802
        self, request: ordering_pb2.QuoteTariffChangeRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.QuoteTariffChangeResponse:
        with self._reading("QuoteTariffChange", context, request.number) as books:
            quote = tariffs.quote(
                books,
                self._rules,
                number=request.number,
                tariff_plan_id=request.tariff_plan_id,
                now=self._clock.now(),
            )
            return ordering_pb2.QuoteTariffChangeResponse(quote=quote)

    def ScheduleTariffChange(  # noqa: N802
        self, request: ordering_pb2.ScheduleTariffChangeRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.ScheduleTariffChangeResponse:
        with self._writing("ScheduleTariffChange", context, request.number, request.change_id) as books:
            change = tariffs.schedule(
                books,
                self._rules,
                change_id=request.change_id,
                number=request.number,
                agreed=request.quote,
                now=self._clock.now(),
            )
        return ordering_pb2.ScheduleTariffChangeResponse(change=_change(change))

    def GetTariffChange(  # noqa: N802
        self, request: ordering_pb2.GetTariffChangeRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.GetTariffChangeResponse:
        with self._reading("GetTariffChange", context, request.change_id) as books:
            return ordering_pb2.GetTariffChangeResponse(change=_change(tariffs.change(books, request.change_id)))

    def CancelTariffChange(  # noqa: N802
        self, request: ordering_pb2.CancelTariffChangeRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.CancelTariffChangeResponse:
        with self._writing("CancelTariffChange", context, request.change_id) as books:
            change = tariffs.cancel(books, request.change_id)
        return ordering_pb2.CancelTariffChangeResponse(change=_change(change))

    def ListServiceOffers(  # noqa: N802
        self, request: ordering_pb2.ListServiceOffersRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.ListServiceOffersResponse:
        with self._reading("ListServiceOffers", context, request.number) as books:
            offers = service_orders.offers_for(books, self._rules, number=request.number)
            return ordering_pb2.ListServiceOffersResponse(offers=[_offer(offer) for offer in offers])

    def OrderService(  # noqa: N802
        self, request: ordering_pb2.OrderServiceRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.OrderServiceResponse:
        with self._writing("OrderService", context, request.number, request.order_id) as books:
            order = service_orders.place(
                books,
                self._rules,
                order_id=request.order_id,
                number=request.number,
                offer_code=request.offer_code,
                now=self._clock.now(),
            )
        return ordering_pb2.OrderServiceResponse(order=_order(order))

    def GetServiceOrder(  # noqa: N802
        self, request: ordering_pb2.GetServiceOrderRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.GetServiceOrderResponse:
        with self._reading("GetServiceOrder", context, request.order_id) as books:
            return ordering_pb2.GetServiceOrderResponse(order=_order(service_orders.order(books, request.order_id)))

    def CancelServiceOrder(  # noqa: N802
        self, request: ordering_pb2.CancelServiceOrderRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.CancelServiceOrderResponse:
        with self._writing("CancelServiceOrder", context, request.order_id) as books:
            order = service_orders.cancel(books, request.order_id, now=self._clock.now())
        return ordering_pb2.CancelServiceOrderResponse(order=_order(order))

    def GetPromisedPaymentEligibility(  # noqa: N802
        self, request: ordering_pb2.GetPromisedPaymentEligibilityRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.GetPromisedPaymentEligibilityResponse:
        with self._reading("GetPromisedPaymentEligibility", context, request.number) as books:
            found = promised_payments.eligibility(books, self._rules, number=request.number, now=self._clock.now())
            return self._eligibility(found)

    def TakePromisedPayment(  # noqa: N802
        self, request: ordering_pb2.TakePromisedPaymentRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.TakePromisedPaymentResponse:
        with self._writing("TakePromisedPayment", context, request.number, request.promise_id) as books:
            if request.amount.currency != RUB:
                raise promised_amount_invalid()
            promise = promised_payments.take(
                books,
                self._rules,
                promise_id=request.promise_id,
                number=request.number,
                amount_minor=request.amount.amount_minor,
                now=self._clock.now(),
            )
        return ordering_pb2.TakePromisedPaymentResponse(promised_payment=_promise(promise))

    def GetPromisedPayment(  # noqa: N802
        self, request: ordering_pb2.GetPromisedPaymentRequest, context: grpc.ServicerContext
    ) -> ordering_pb2.GetPromisedPaymentResponse:
        with self._reading("GetPromisedPayment", context, request.promise_id) as books:
            promise = promised_payments.promise(books, request.promise_id)
            return ordering_pb2.GetPromisedPaymentResponse(promised_payment=_promise(promise))

    @contextmanager
    def _reading(self, method: str, context: grpc.ServicerContext, *keys: str) -> Iterator[sqlite3.Connection]:
        with self._calls.call(method, context, *keys):
            self._calendar.catch_up()
            yield self._database.read()

    @contextmanager
    def _writing(self, method: str, context: grpc.ServicerContext, *keys: str) -> Iterator[sqlite3.Connection]:
        with self._calls.call(method, context, *keys):
            self._calendar.catch_up()
            with self._database.write() as connection:
                yield connection
            self._on_news()

    def _eligibility(self, found: promised_payments.Eligibility) -> ordering_pb2.GetPromisedPaymentEligibilityResponse:
        if found.reasons:
            return ordering_pb2.GetPromisedPaymentEligibilityResponse(
                reasons=found.reasons, eligible_from=timestamp(found.eligible_from)
            )
        terms = self._rules.promised_payment
        return ordering_pb2.GetPromisedPaymentEligibilityResponse(
            eligible=True, largest_amount=money(terms.largest_minor), fee=money(terms.fee_minor), days=terms.days
        )


def _change(row: sqlite3.Row) -> ordering_pb2.TariffChange:
    return ordering_pb2.TariffChange(
        change_id=row["change_id"],
        quote=ordering_pb2.TariffQuote.FromString(row["quote"]),
        state=ordering_pb2.TariffChangeState.Value(f"TARIFF_CHANGE_STATE_{row['state'].upper()}"),
    )


def _offer(offer: ServiceOffer) -> ordering_pb2.ServiceOffer:
    return ordering_pb2.ServiceOffer(
        offer_code=offer.offer_code,
        kind=billing_pb2.ServiceKind.Value(f"SERVICE_KIND_{offer.kind.upper()}"),
        name=offer.name,
        connection_price=money(offer.connection_price_minor),
        monthly_fee=money(offer.monthly_fee_minor),
    )


def _order(row: sqlite3.Row) -> ordering_pb2.ServiceOrder:
    return ordering_pb2.ServiceOrder(
        order_id=row["order_id"],
        offer=ordering_pb2.ServiceOffer(
            offer_code=row["offer_code"],
            kind=billing_pb2.ServiceKind.Value(f"SERVICE_KIND_{row['kind'].upper()}"),
            name=row["name"],
            connection_price=money(row["connection_price_minor"]),
            monthly_fee=money(row["monthly_fee_minor"]),
        ),
        state=ordering_pb2.ServiceOrderState.Value(f"SERVICE_ORDER_STATE_{row['state'].upper()}"),
        changed_at=timestamp(row["changed_at"]),
        refusal_reason=row["refusal_reason"],
    )


def _promise(row: sqlite3.Row) -> ordering_pb2.PromisedPayment:
    return ordering_pb2.PromisedPayment(
        promise_id=row["promise_id"],
        amount=money(row["amount_minor"]),
        fee=money(row["fee_minor"]),
        taken_at=timestamp(row["taken_at"]),
        due_at=timestamp(row["due_at"]),
        state=ordering_pb2.PromisedPaymentState.Value(f"PROMISED_PAYMENT_STATE_{row['state'].upper()}"),
    )
