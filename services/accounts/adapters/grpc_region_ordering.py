"""The billing systems of the regions over gRPC: tariff changes, service orders, promised payments."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from kabinet.regional.v1 import ordering_pb2 as pb
from kabinet.regional.v1 import ordering_pb2_grpc

from services.accounts.adapters import grpc_region_ordering_values as values
from services.accounts.adapters.grpc_region_values import read
from services.accounts.adapters.region_lines import RegionLines, by_reason, meaning
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import TariffPlan
from services.accounts.domain.errors import AccountClosed
from services.accounts.domain.ordering_errors import (
    AccountNotInRegion,
    PromisedPaymentAmountInvalid,
    PromisedPaymentNotEligible,
    PromisedPaymentOpen,
    ServiceAlreadyThere,
    ServiceNotFeasible,
    ServiceOfferNotFound,
    ServiceOrderDone,
    TariffChangeDone,
    TariffChangePending,
    TariffPlanInForce,
    TariffPlanNotFound,
    TariffQuoteOutdated,
)
from services.accounts.domain.promised_payment import Eligibility, RegionalPromise
from services.accounts.domain.service_order import RegionalOrder, ServiceOffer
from services.accounts.domain.tariff_change import RegionalChange
from services.accounts.domain.tariff_quote import QuotedChange
from services.chassis.grpc_client import UnaryMethod
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_values import money_to_proto
from services.chassis.money import Money

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Stub = ordering_pb2_grpc.RegionalOrderingServiceStub

_REFUSALS = by_reason(
    (
        AccountClosed,
        AccountNotInRegion,
        TariffPlanNotFound,
        TariffPlanInForce,
        PromisedPaymentOpen,
        TariffChangePending,
        TariffQuoteOutdated,
        TariffChangeDone,
        ServiceOfferNotFound,
        ServiceAlreadyThere,
        ServiceNotFeasible,
        ServiceOrderDone,
        PromisedPaymentNotEligible,
        PromisedPaymentAmountInvalid,
    )
)


class GrpcRegionalOrdering:
    """Every call ends in an answer or in an error of the domain; what goes over a region's line is one for all."""

    def __init__(self, lines: RegionLines, /) -> None:
        self._lines = lines
        self._stubs = lines.stubs(Stub)

    def tariff_plans(self, key: AccountKey, /) -> Sequence[TariffPlan]:
        request = pb.ListTariffPlansRequest(number=key.number)
        answer = self._call(key.region, lambda stub: stub.ListTariffPlans, request)
        return read(key.region, answer, values.plans_of)

    def quote(self, key: AccountKey, /, *, tariff_plan_id: str) -> QuotedChange:
        request = pb.QuoteTariffChangeRequest(number=key.number, tariff_plan_id=tariff_plan_id)
        answer = self._call(key.region, lambda stub: stub.QuoteTariffChange, request)
        return read(key.region, answer.quote, values.quoted_of)

    def schedule_change(self, key: AccountKey, /, *, change_id: str, quoted: QuotedChange) -> RegionalChange:
        request = pb.ScheduleTariffChangeRequest(change_id=change_id, number=key.number, quote=values.quoted_to(quoted))
        answer = self._call(key.region, lambda stub: stub.ScheduleTariffChange, request)
        return read(key.region, answer.change, values.change_of)

    def change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        request = pb.GetTariffChangeRequest(change_id=change_id)
        answer = self._find(region, lambda stub: stub.GetTariffChange, request, absent="TARIFF_CHANGE_NOT_FOUND")
        return read(region, answer.change, values.change_of) if answer else None

    def cancel_change(self, region: str, /, *, change_id: str) -> RegionalChange | None:
        request = pb.CancelTariffChangeRequest(change_id=change_id)
        answer = self._find(region, lambda stub: stub.CancelTariffChange, request, absent="TARIFF_CHANGE_NOT_FOUND")
        return read(region, answer.change, values.change_of) if answer else None

    def service_offers(self, key: AccountKey, /) -> Sequence[ServiceOffer]:
        request = pb.ListServiceOffersRequest(number=key.number)
        answer = self._call(key.region, lambda stub: stub.ListServiceOffers, request)
        return read(key.region, answer, values.offers_of)

    def order_service(self, key: AccountKey, /, *, order_id: str, offer_code: str) -> RegionalOrder:
        request = pb.OrderServiceRequest(order_id=order_id, number=key.number, offer_code=offer_code)
        answer = self._call(key.region, lambda stub: stub.OrderService, request)
        return read(key.region, answer.order, values.order_of)

    def order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        request = pb.GetServiceOrderRequest(order_id=order_id)
        answer = self._find(region, lambda stub: stub.GetServiceOrder, request, absent="SERVICE_ORDER_NOT_FOUND")
        return read(region, answer.order, values.order_of) if answer else None

    def cancel_order(self, region: str, /, *, order_id: str) -> RegionalOrder | None:
        request = pb.CancelServiceOrderRequest(order_id=order_id)
        answer = self._find(region, lambda stub: stub.CancelServiceOrder, request, absent="SERVICE_ORDER_NOT_FOUND")
        return read(region, answer.order, values.order_of) if answer else None

    def eligibility(self, key: AccountKey, /) -> Eligibility:
        request = pb.GetPromisedPaymentEligibilityRequest(number=key.number)
        answer = self._call(key.region, lambda stub: stub.GetPromisedPaymentEligibility, request)
        return read(key.region, answer, values.eligibility_of)

    def take_promise(self, key: AccountKey, /, *, promise_id: str, amount: Money) -> RegionalPromise:
        request = pb.TakePromisedPaymentRequest(promise_id=promise_id, number=key.number, amount=money_to_proto(amount))
        answer = self._call(key.region, lambda stub: stub.TakePromisedPayment, request)
        return read(key.region, answer.promised_payment, values.promise_of)

    def promise(self, region: str, /, *, promise_id: str) -> RegionalPromise | None:
        request = pb.GetPromisedPaymentRequest(promise_id=promise_id)
        answer = self._find(region, lambda stub: stub.GetPromisedPayment, request, absent="PROMISED_PAYMENT_NOT_FOUND")
        return read(region, answer.promised_payment, values.promise_of) if answer else None

    def _call(self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request) -> Reply:
        try:
            return self._ask(region, method, request)
        except RemoteError as error:
            raise meaning(error, region, refusals=_REFUSALS) from None

    def _find(
        self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request, *, absent: str
    ) -> Reply | None:
        """Return the answer, None when the region says the word for "there is none". The word counts, not the code: a
        proxy's NOT_FOUND must not be taken for it."""
        try:
            return self._ask(region, method, request)
        except RemoteError as error:
            if error.reason == absent:
                return None
            raise meaning(error, region, refusals=_REFUSALS) from None

    def _ask(self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request) -> Reply:
        return self._lines.ask(region, lambda: method(self._stubs[region]), request)
