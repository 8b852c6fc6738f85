"""Payments and cards between the contract's messages and the domain."""

from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.errors import FieldInvalid
from services.chassis.grpc_values import money_from_proto, money_to_proto, time_to_proto
from services.chassis.money import Money
from services.payments.application.create_payment import PaymentRequest
from services.payments.domain.card_binding import BindingState, CardBinding
from services.payments.domain.offer import KindStatus
from services.payments.domain.payment import Payment, PaymentKind, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.payment_stages import Stage, stages_of

_STATES = {
    State.CREATED: pb.PAYMENT_STATE_CREATED,
    State.AWAITING_CONFIRMATION: pb.PAYMENT_STATE_AWAITING_CONFIRMATION,
    State.UNKNOWN: pb.PAYMENT_STATE_UNKNOWN,
    State.CAPTURED: pb.PAYMENT_STATE_CAPTURED,
    State.POSTED: pb.PAYMENT_STATE_POSTED,
    State.DECLINED: pb.PAYMENT_STATE_DECLINED,
    State.REFUNDING: pb.PAYMENT_STATE_REFUNDING,
    State.REFUNDED: pb.PAYMENT_STATE_REFUNDED,
    State.RETURNING: pb.PAYMENT_STATE_RETURNING,
    State.REVERSAL_DUE: pb.PAYMENT_STATE_REVERSAL_DUE,
}
# What is bound is a saved card a moment later; what is called off is shown to nobody.
_BINDING_STATES = {
    BindingState.CREATED: pb.PAYMENT_METHOD_STATE_PENDING,
    BindingState.AWAITING_CONFIRMATION: pb.PAYMENT_METHOD_STATE_PENDING,
    BindingState.UNKNOWN: pb.PAYMENT_METHOD_STATE_UNKNOWN,
    BindingState.BOUND: pb.PAYMENT_METHOD_STATE_PENDING,
    BindingState.REFUSED: pb.PAYMENT_METHOD_STATE_REFUSED,
    BindingState.CALLED_OFF: pb.PAYMENT_METHOD_STATE_REFUSED,
}
_KINDS = {
    PaymentKind.NEW_CARD: pb.PAYMENT_KIND_NEW_CARD,
    PaymentKind.SAVED_CARD: pb.PAYMENT_KIND_SAVED_CARD,
    PaymentKind.WEBMONEY: pb.PAYMENT_KIND_WEBMONEY,
    PaymentKind.SBP: pb.PAYMENT_KIND_SBP,
}
_KINDS_BY_NUMBER = {int(number): kind for kind, number in _KINDS.items()}


def payment_request(message: pb.CreatePaymentRequest, /, *, subscriber_id: str) -> PaymentRequest:
    """Return what is asked for. Raises FieldInvalid for a sum or a kind that is not there."""
    kind = _KINDS_BY_NUMBER.get(int(message.kind))
    if kind is None:
        raise FieldInvalid(field="kind", rule="a known way to pay is needed")
    return PaymentRequest(
        request_id=message.request_id,
        subscriber_id=subscriber_id,
        billing_account_id=message.billing_account_id,
        amount=money_from_proto(message.amount, field="amount"),
        kind=kind,
        payment_method_id=message.payment_method_id,
        save_payment_method=message.save_payment_method,
        return_url=message.return_url,
        confirm_repeat=message.confirm_repeat,
    )


def payment_message(payment: Payment, /) -> pb.Payment:
    """Return a payment as its subscriber sees it."""
    return pb.Payment(
        payment_id=payment.payment_id,
        billing_account_id=payment.billing_account_id,
        amount=money_to_proto(payment.amount),
        commission=money_to_proto(Money.zero(payment.amount.currency)),
        kind=_KINDS[payment.kind],
        payment_method_id=payment.payment_method_id,
        state=_STATES[payment.state],
        confirmation_url=payment.confirmation_url if payment.state is State.AWAITING_CONFIRMATION else "",
        decline_reason=payment.decline_reason,
        stages=[_stage_message(stage) for stage in stages_of(payment)],
        created_at=time_to_proto(payment.created_at),
        autopay_rule_id=payment.autopay_rule_id,
        card_not_kept_reason=payment.card_not_kept,
        refunded=money_to_proto(payment.refunded),
    )


def kind_message(status: KindStatus, /) -> pb.PaymentKindStatus:
    """Return a way to pay and whether it is on."""
    return pb.PaymentKindStatus(
        kind=_KINDS[status.kind], enabled=status.enabled, disabled_reason=status.disabled_reason
    )


def method_message(method: PaymentMethod | CardBinding, /) -> pb.PaymentMethod:
    """Return a saved card without what the acquirer calls it, or one that is being bound."""
    if isinstance(method, CardBinding):
        return _binding_message(method)
    return pb.PaymentMethod(
        payment_method_id=method.payment_method_id,
        brand=method.brand,
        last4=method.last4,
        expires=method.expires,
        saved_at=time_to_proto(method.saved_at),
        state=pb.PAYMENT_METHOD_STATE_ACTIVE,
        issuer_country=method.issuer_country,
    )


def _binding_message(binding: CardBinding) -> pb.PaymentMethod:
    return pb.PaymentMethod(
        payment_method_id=binding.payment_method_id,
        state=_BINDING_STATES[binding.state],
        confirmation_url=binding.confirmation_url,
        refusal_reason=binding.refusal_reason,
    )


def _stage_message(stage: Stage) -> pb.Stage:
    return pb.Stage(stage=stage.stage, reached_at=time_to_proto(stage.reached_at))
