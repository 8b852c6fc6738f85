"""AutopayService of the contract: parse, call one use case, render."""

import grpc
from kabinet.payments.v1 import autopay_pb2 as pb
from kabinet.payments.v1 import autopay_pb2_grpc

from services.chassis.caller import current_subscriber
from services.chassis.grpc_values import money_to_proto, time_from_proto, time_to_proto
from services.payments.bootstrap_autopay import AutopayUseCases
from services.payments.domain.autopay_link import LinkAction
from services.payments.entrypoints.autopay_messages import rule_message
from services.payments.entrypoints.occasion_messages import decision_message

_ACTIONS = {
    LinkAction.SKIP: pb.AUTOPAY_LINK_ACTION_SKIP,
    LinkAction.PAY_NOW: pb.AUTOPAY_LINK_ACTION_PAY_NOW,
    LinkAction.STOP: pb.AUTOPAY_LINK_ACTION_STOP,
}


class AutopayServicer(autopay_pb2_grpc.AutopayServiceServicer):
    """Answers AutopayService: for the calling subscriber, and for the services that mail notices and open links."""

    def __init__(self, use_cases: AutopayUseCases, /) -> None:
        self._use = use_cases

    def PauseAutopayRule(  # noqa: N802
        self, request: pb.PauseAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.PauseAutopayRuleResponse:
        rule = self._use.pause_rule(
            subscriber_id=_subscriber_id(),
            autopay_rule_id=request.autopay_rule_id,
            until=time_from_proto(request.until),
        )
        return pb.PauseAutopayRuleResponse(autopay_rule=rule_message(rule))

    def ResumeAutopayRule(  # noqa: N802
        self, request: pb.ResumeAutopayRuleRequest, context: grpc.ServicerContext
    ) -> pb.ResumeAutopayRuleResponse:
        rule = self._use.pause_rule.resume(subscriber_id=_subscriber_id(), autopay_rule_id=request.autopay_rule_id)
        return pb.ResumeAutopayRuleResponse(autopay_rule=rule_message(rule))

    def AnswerHeldCharge(  # noqa: N802
        self, request: pb.AnswerHeldChargeRequest, context: grpc.ServicerContext
    ) -> pb.AnswerHeldChargeResponse:
        occasion = self._use.answer_held(
            subscriber_id=_subscriber_id(), decision_id=request.decision_id, charge=request.charge
        )
        return pb.AnswerHeldChargeResponse(decision=decision_message(occasion))

    def GetAutopayNotice(  # noqa: N802
        self, request: pb.GetAutopayNoticeRequest, context: grpc.ServicerContext
    ) -> pb.GetAutopayNoticeResponse:
        notice = self._use.get_notice(decision_id=request.decision_id)
        rule, charge = notice.rule, notice.charge
        return pb.GetAutopayNoticeResponse(
            subscriber_id=rule.subscriber_id,
            billing_account_id=rule.billing_account_id,
            charge_at=time_to_proto(charge.charge_at),
            local_date=charge.local_date.isoformat(),
            amount=money_to_proto(charge.amount) if charge.amount else None,
            at_most=money_to_proto(charge.at_most),
            card_last4=notice.method.last4,
            skip_token=notice.tokens[LinkAction.SKIP],
            pay_now_token=notice.tokens[LinkAction.PAY_NOW],
            stop_token=notice.tokens[LinkAction.STOP],
        )

    def ReadAutopayLink(  # noqa: N802
        self, request: pb.ReadAutopayLinkRequest, context: grpc.ServicerContext
    ) -> pb.ReadAutopayLinkResponse:
        view = self._use.use_link.read(token=request.token)
        charge = view.charge
        if charge is None:
            return pb.ReadAutopayLinkResponse(action=_ACTIONS[view.link.action], usable=False)
        return pb.ReadAutopayLinkResponse(
            action=_ACTIONS[view.link.action],
            charge_at=time_to_proto(charge.charge_at),
            local_date=charge.local_date.isoformat(),
            amount=money_to_proto(charge.amount) if charge.amount else None,
            at_most=money_to_proto(charge.at_most),
            usable=True,
        )

    def UseAutopayLink(  # noqa: N802
        self, request: pb.UseAutopayLinkRequest, context: grpc.ServicerContext
    ) -> pb.UseAutopayLinkResponse:
        action, done = self._use.use_link(token=request.token)
        return pb.UseAutopayLinkResponse(action=_ACTIONS[action], done=done)


def _subscriber_id() -> str:
    return current_subscriber().subscriber_id
