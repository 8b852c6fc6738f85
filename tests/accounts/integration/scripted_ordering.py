"""The ordering side of the scripted region: plans, orders and promises in memory, each done once by its id."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import grpc
from kabinet.regional.v1 import billing_pb2, ordering_pb2_grpc
from kabinet.regional.v1 import ordering_pb2 as pb

from services.chassis.errors import Kind
from services.chassis.grpc_server import Exposed
from services.chassis.grpc_values import time_to_proto
from tests.accounts.integration.scripted_region import Refused, ScriptedRegion, rub

Context = grpc.ServicerContext
Booked = TypeVar("Booked")

PLANS = {"nsk-solo": ("Соло", 300_00), "nsk-max": ("Макс", 900_00)}
OFFER = pb.ServiceOffer(
    offer_code="tv-1",
    kind=billing_pb2.SERVICE_KIND_TV,
    name="Интерактивное ТВ",
    connection_price=rub(0),
    monthly_fee=rub(350_00),
)


class ScriptedOrdering(ordering_pb2_grpc.RegionalOrderingServiceServicer):
    """Trouble comes from the region's `before` and `after`; the books can be changed by a test as a clerk would."""

    def __init__(self, region: ScriptedRegion) -> None:
        self._region = region
        self.changes: dict[str, pb.TariffChange] = {}
        self.orders: dict[str, pb.ServiceOrder] = {}
        self.promises: dict[str, pb.PromisedPayment] = {}
        self.reasons: list[str] = []
        self.effective_date = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()

    def exposed(self) -> Exposed:
        """Return what makes a server answer with it."""
        return Exposed(
            service_name="kabinet.regional.v1.RegionalOrderingService",
            register=lambda server: ordering_pb2_grpc.add_RegionalOrderingServiceServicer_to_server(self, server),
        )

    def count(self, method: str) -> int:
        return self._region.calls.count(method)

    def ListTariffPlans(  # noqa: N802
        self, request: pb.ListTariffPlansRequest, context: Context
    ) -> pb.ListTariffPlansResponse:
        self._region.called("ListTariffPlans", request.number)
        return pb.ListTariffPlansResponse(tariff_plans=[_plan(plan_id) for plan_id in reversed(PLANS)])

    def QuoteTariffChange(  # noqa: N802
        self, request: pb.QuoteTariffChangeRequest, context: Context
    ) -> pb.QuoteTariffChangeResponse:
        self._region.called("QuoteTariffChange", request.number)
        if request.tariff_plan_id not in PLANS:
            raise Refused(Kind.NOT_FOUND, "TARIFF_PLAN_NOT_FOUND")
        return pb.QuoteTariffChangeResponse(
            quote=pb.TariffQuote(
                tariff_plan=_plan(request.tariff_plan_id),
                price_now=rub(0),
                next_bill=rub(PLANS[request.tariff_plan_id][1]),
                lost=["Скидка за трио"],
                effective_date=self.effective_date,
            )
        )

    def ScheduleTariffChange(  # noqa: N802
        self, request: pb.ScheduleTariffChangeRequest, context: Context
    ) -> pb.ScheduleTariffChangeResponse:
        self._region.called("ScheduleTariffChange", request.number)
        change = self.changes.setdefault(
            request.change_id,
            pb.TariffChange(change_id=request.change_id, quote=request.quote, state=pb.TARIFF_CHANGE_STATE_SCHEDULED),
        )
        self._region.after("ScheduleTariffChange")
        return pb.ScheduleTariffChangeResponse(change=change)

    def GetTariffChange(  # noqa: N802
        self, request: pb.GetTariffChangeRequest, context: Context
    ) -> pb.GetTariffChangeResponse:
        self._region.called("GetTariffChange")
        return pb.GetTariffChangeResponse(change=_known(self.changes, request.change_id, "TARIFF_CHANGE_NOT_FOUND"))

    def CancelTariffChange(  # noqa: N802
        self, request: pb.CancelTariffChangeRequest, context: Context
    ) -> pb.CancelTariffChangeResponse:
        self._region.called("CancelTariffChange")
        change = _known(self.changes, request.change_id, "TARIFF_CHANGE_NOT_FOUND")
        if change.state == pb.TARIFF_CHANGE_STATE_DONE:
            raise Refused(Kind.FAILED_PRECONDITION, "TARIFF_CHANGE_DONE")
        change.state = pb.TARIFF_CHANGE_STATE_CANCELED
        self._region.after("CancelTariffChange")
        return pb.CancelTariffChangeResponse(change=change)

    def ListServiceOffers(  # noqa: N802
        self, request: pb.ListServiceOffersRequest, context: Context
    ) -> pb.ListServiceOffersResponse:
        self._region.called("ListServiceOffers", request.number)
        return pb.ListServiceOffersResponse(offers=[OFFER])

    def OrderService(self, request: pb.OrderServiceRequest, context: Context) -> pb.OrderServiceResponse:  # noqa: N802
        self._region.called("OrderService", request.number)
        if request.offer_code != OFFER.offer_code:
            raise Refused(Kind.NOT_FOUND, "SERVICE_OFFER_NOT_FOUND")
        order = self.orders.setdefault(
            request.order_id,
            pb.ServiceOrder(
                order_id=request.order_id,
                offer=OFFER,
                state=pb.SERVICE_ORDER_STATE_ACCEPTED,
                changed_at=time_to_proto(datetime.now(UTC)),
            ),
        )
        self._region.after("OrderService")
        return pb.OrderServiceResponse(order=order)

    def GetServiceOrder(  # noqa: N802
        self, request: pb.GetServiceOrderRequest, context: Context
    ) -> pb.GetServiceOrderResponse:
        self._region.called("GetServiceOrder")
        return pb.GetServiceOrderResponse(order=_known(self.orders, request.order_id, "SERVICE_ORDER_NOT_FOUND"))

    def CancelServiceOrder(  # noqa: N802
        self, request: pb.CancelServiceOrderRequest, context: Context
    ) -> pb.CancelServiceOrderResponse:
        self._region.called("CancelServiceOrder")
        order = _known(self.orders, request.order_id, "SERVICE_ORDER_NOT_FOUND")
        if order.state == pb.SERVICE_ORDER_STATE_DONE:
            raise Refused(Kind.FAILED_PRECONDITION, "SERVICE_ORDER_DONE")
        order.state = pb.SERVICE_ORDER_STATE_CANCELED
        self._region.after("CancelServiceOrder")
        return pb.CancelServiceOrderResponse(order=order)

    def GetPromisedPaymentEligibility(  # noqa: N802
        self, request: pb.GetPromisedPaymentEligibilityRequest, context: Context
    ) -> pb.GetPromisedPaymentEligibilityResponse:
        self._region.called("GetPromisedPaymentEligibility", request.number)
        if self.reasons:
            return pb.GetPromisedPaymentEligibilityResponse(eligible=False, reasons=self.reasons)
        return pb.GetPromisedPaymentEligibilityResponse(
            eligible=True, largest_amount=rub(500_00), fee=rub(30_00), days=5
        )

    def TakePromisedPayment(  # noqa: N802
        self, request: pb.TakePromisedPaymentRequest, context: Context
    ) -> pb.TakePromisedPaymentResponse:
        self._region.called("TakePromisedPayment", request.number)
        if request.amount.amount_minor > 500_00:
            raise Refused(Kind.INVALID, "PROMISED_PAYMENT_AMOUNT_INVALID")
        now = datetime.now(UTC)
        promise = self.promises.setdefault(
            request.promise_id,
            pb.PromisedPayment(
                promise_id=request.promise_id,
                amount=request.amount,
                fee=rub(30_00),
                taken_at=time_to_proto(now),
                due_at=time_to_proto(now + timedelta(days=5)),
                state=pb.PROMISED_PAYMENT_STATE_OPEN,
            ),
        )
        self._region.after("TakePromisedPayment")
        return pb.TakePromisedPaymentResponse(promised_payment=promise)

    def GetPromisedPayment(  # noqa: N802
        self, request: pb.GetPromisedPaymentRequest, context: Context
    ) -> pb.GetPromisedPaymentResponse:
        self._region.called("GetPromisedPayment")
        promise = _known(self.promises, request.promise_id, "PROMISED_PAYMENT_NOT_FOUND")
        return pb.GetPromisedPaymentResponse(promised_payment=promise)


def _plan(plan_id: str) -> billing_pb2.TariffPlan:
    name, kopecks = PLANS[plan_id]
    return billing_pb2.TariffPlan(tariff_plan_id=plan_id, name=name, monthly_fee=rub(kopecks))


def _known(books: dict[str, Booked], wish_id: str, absent: str) -> Booked:
    if wish_id not in books:
        raise Refused(Kind.NOT_FOUND, absent)
    return books[wish_id]
