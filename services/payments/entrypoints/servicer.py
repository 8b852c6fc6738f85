"""The contract's methods: parse, call one use case, render; what goes wrong, the chassis' guard translates."""

import grpc
from kabinet.payments.v1 import autopay_pb2, autopay_pb2_grpc, payments_pb2_grpc
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.caller import current_subscriber
from services.chassis.grpc_bootstrap import grpc_server
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.paging import page_size
from services.payments.bootstrap import UseCases, build_grpc
from services.payments.bootstrap_autopay import build_autopay
from services.payments.bootstrap_parts import Parts
from services.payments.config import load
from services.payments.entrypoints.autopay_messages import forecast_response, rule_message, terms_from
from services.payments.entrypoints.autopay_servicer import AutopayServicer
from services.payments.entrypoints.occasion_messages import decision_message
from services.payments.entrypoints.page_tokens import position_of, token_of
from services.payments.entrypoints.payment_messages import (
    kind_message,
    method_message,
    payment_message,
    payment_request,
)


def start() -> GrpcServer:
    """Start the server as the environment says; it runs until stopped."""
    server = build_server(Parts(load()))
    server.start()
    return server


def build_server(parts: Parts, /) -> GrpcServer:
    """Return the server, not yet started."""
    use_cases = build_grpc(parts)
    servicer = PaymentsServicer(use_cases)
    exposed = Exposed(
        service_name=pb.DESCRIPTOR.services_by_name["PaymentsService"].full_name,
        register=lambda server: payments_pb2_grpc.add_PaymentsServiceServicer_to_server(servicer, server),
    )
    return grpc_server("payments", settings=parts.settings, clock=parts.clock, services=[exposed, _autopay(parts)])


def _autopay(parts: Parts) -> Exposed:
    servicer = AutopayServicer(build_autopay(parts))
    return Exposed(
        service_name=autopay_pb2.DESCRIPTOR.services_by_name["AutopayService"].full_name,
        register=lambda server: autopay_pb2_grpc.add_AutopayServiceServicer_to_server(servicer, server),
    )


class PaymentsServicer(payments_pb2_grpc.PaymentsServiceServicer):
    """Answers PaymentsService for the calling subscriber."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def CreatePayment(  # noqa: N802
        self, request: pb.CreatePaymentRequest, context: grpc.ServicerContext
    ) -> pb.CreatePaymentResponse:
        payment = self._use.create_payment(payment_request(request, subscriber_id=_subscriber_id()))
        return pb.CreatePaymentResponse(payment=payment_message(payment))

    def GetPayment(  # noqa: N802
        self, request: pb.GetPaymentRequest, context: grpc.ServicerContext
    ) -> pb.GetPaymentResponse:
        payment = self._use.get_payment(subscriber_id=_subscriber_id(), payment_id=request.payment_id)
        return pb.GetPaymentResponse(payment=payment_message(payment))

    def ListPayments(  # noqa: N802
        self, request: pb.ListPaymentsRequest, context: grpc.ServicerContext
    ) -> pb.ListPaymentsResponse:
        payments, following = self._use.list_payments(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            size=page_size(request.page_size),
            after=position_of(request.page_token),
        )
        return pb.ListPaymentsResponse(
            payments=[payment_message(payment) for payment in payments], next_page_token=token_of(following)
        )

    def ListPaymentKinds(  # noqa: N802
        self, request: pb.ListPaymentKindsRequest, context: grpc.ServicerContext
    ) -> pb.ListPaymentKindsResponse:
        offer = self._use.offer
        return pb.ListPaymentKindsResponse(
            kinds=[kind_message(status) for status in offer.kinds], card_brands=offer.card_policy.brand_names
        )

    def CreatePaymentMethod(  # noqa: N802
        self, request: pb.CreatePaymentMethodRequest, context: grpc.ServicerContext
    ) -> pb.CreatePaymentMethodResponse:
        binding = self._use.bind_card(
            request_id=request.request_id, subscriber_id=_subscriber_id(), return_url=request.return_url
        )
        return pb.CreatePaymentMethodResponse(payment_method=method_message(binding))

    def GetPaymentMethod(  # noqa: N802
        self, request: pb.GetPaymentMethodRequest, context: grpc.ServicerContext
    ) -> pb.GetPaymentMethodResponse:
        found = self._use.get_payment_method(
            subscriber_id=_subscriber_id(), payment_method_id=request.payment_method_id
        )
        return pb.GetPaymentMethodResponse(payment_method=method_message(found))

    def ListPaymentMethods(  # noqa: N802
        self, request: pb.ListPaymentMethodsRequest, context: grpc.ServicerContext
    ) -> pb.ListPaymentMethodsResponse:
        methods = self._use.list_payment_methods(subscriber_id=_subscriber_id())
        return pb.ListPaymentMethodsResponse(payment_methods=[method_message(method) for method in methods])

    def RemovePaymentMethod(  # noqa: N802
        self, request: pb.RemovePaymentMethodRequest, context: grpc.ServicerContext
    ) -> pb.RemovePaymentMethodResponse:
        self._use.remove_payment_method(subscriber_id=_subscriber_id(), payment_method_id=request.payment_method_id)
        return pb.RemovePaymentMethodResponse()

    def NoteAcquirerNotification(  # noqa: N802
        self, request: pb.NoteAcquirerNotificationRequest, context: grpc.ServicerContext
    ) -> pb.NoteAcquirerNotificationResponse:
        self._use.note_notification(acquirer_payment_id=request.acquirer_payment_id)
        return pb.NoteAcquirerNotificationResponse()

    def CreateAutopayRule(  # noqa: N802
        self, request: pb.CreateAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.CreateAutopayRuleResponse:
        rule = self._use.create_rule(
            request_id=request.request_id,
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            terms=terms_from(request),
        )
        return pb.CreateAutopayRuleResponse(autopay_rule=rule_message(rule))

    def GetAutopayRule(  # noqa: N802
        self, request: pb.GetAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.GetAutopayRuleResponse:
        rule = self._use.get_rule(subscriber_id=_subscriber_id(), autopay_rule_id=request.autopay_rule_id)
        return pb.GetAutopayRuleResponse(autopay_rule=rule_message(rule))

    def ListAutopayRules(  # noqa: N802
        self, request: pb.ListAutopayRulesRequest, context: grpc.ServicerContext
    ) -> pb.ListAutopayRulesResponse:
        rules = self._use.list_rules(subscriber_id=_subscriber_id())
        return pb.ListAutopayRulesResponse(autopay_rules=[rule_message(rule) for rule in rules])

    def UpdateAutopayRule(  # noqa: N802
        self, request: pb.UpdateAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.UpdateAutopayRuleResponse:
        rule = self._use.update_rule(
            subscriber_id=_subscriber_id(), autopay_rule_id=request.autopay_rule_id, terms=terms_from(request)
        )
        return pb.UpdateAutopayRuleResponse(autopay_rule=rule_message(rule))

    def StopAutopayRule(  # noqa: N802
        self, request: pb.StopAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.StopAutopayRuleResponse:
        rule = self._use.stop_rule(subscriber_id=_subscriber_id(), autopay_rule_id=request.autopay_rule_id)
        return pb.StopAutopayRuleResponse(autopay_rule=rule_message(rule))

    def ForecastAutopayRule(  # noqa: N802
        self, request: pb.ForecastAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.ForecastAutopayRuleResponse:
        forecast = self._use.forecast_rule(subscriber_id=_subscriber_id(), autopay_rule_id=request.autopay_rule_id)
        return forecast_response(forecast)

    def ListAutopayDecisions(  # noqa: N802
        self, request: pb.ListAutopayDecisionsRequest, context: grpc.ServicerContext
    ) -> pb.ListAutopayDecisionsResponse:
        occasions, following = self._use.list_decisions(
            subscriber_id=_subscriber_id(),
            autopay_rule_id=request.autopay_rule_id,
            size=page_size(request.page_size),
            after=position_of(request.page_token),
        )
        return pb.ListAutopayDecisionsResponse(
            decisions=[decision_message(occasion) for occasion in occasions], next_page_token=token_of(following)
        )


def _subscriber_id() -> str:
    return current_subscriber().subscriber_id
