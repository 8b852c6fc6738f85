"""Payments, saved cards and autopay: what the API and the pages do alike."""

from contextlib import suppress

from kabinet.payments.v1 import payments_pb2

from gateway.actions.values import money
from gateway.bodies import payments as bodies
from gateway.bodies.fields import Page
from gateway.clients import Caller
from gateway.views import payments as views
from gateway.views.values import Items, items, numbers_of
from services.chassis.grpc_errors import RemoteError

_KINDS = numbers_of(payments_pb2.PaymentKind, "PAYMENT_KIND_")
_AMOUNT_KINDS = numbers_of(payments_pb2.AutopayAmountKind, "AUTOPAY_AMOUNT_KIND_")
_ACQUIRER_S = 8.0  # the acquirer is asked within the call


def create_payment(caller: Caller, body: bodies.NewPayment, /, *, request_id: str) -> views.PaymentView:
    """Create a payment and start it at the acquirer; the same `request_id` gets the first one again.

    State `created` in the answer means that the first request with this id is still being answered.
    """
    payments = caller.clients.payments
    request = payments_pb2.CreatePaymentRequest(
        request_id=request_id,
        billing_account_id=body.billing_account_id,
        amount=money(body.amount),
        kind=_KINDS[body.method.kind],
        payment_method_id=body.method.payment_method_id,
        save_payment_method=body.method.save,
        return_url=body.return_url,
        confirm_repeat=body.confirm_repeat,
    )
    return views.payment(caller.ask(payments, payments.stub.CreatePayment, request, cap_s=_ACQUIRER_S).payment)


def get_payment(caller: Caller, payment_id: str, /) -> views.PaymentView:
    """Return a payment with its stages."""
    payments = caller.clients.payments
    request = payments_pb2.GetPaymentRequest(payment_id=payment_id)
    return views.payment(caller.ask(payments, payments.stub.GetPayment, request).payment)


def list_payments(caller: Caller, page: Page, /, *, billing_account_id: str = "") -> Items[views.PaymentView]:
    """Return a page of payments."""
    payments = caller.clients.payments
    request = payments_pb2.ListPaymentsRequest(
        billing_account_id=billing_account_id, page_size=page.page_size, page_token=page.page_token
    )
    answer = caller.ask(payments, payments.stub.ListPayments, request)
    return items([views.payment(item) for item in answer.payments], next_page_token=answer.next_page_token)


def list_payment_kinds(caller: Caller, /) -> views.PaymentKindsView:
    """Return the ways to pay, with the reason of one that is off (F16, F17)."""
    payments = caller.clients.payments
    return views.payment_kinds(
        caller.ask(payments, payments.stub.ListPaymentKinds, payments_pb2.ListPaymentKindsRequest())
    )


def create_payment_method(
    caller: Caller, body: bodies.NewPaymentMethod, /, *, request_id: str
) -> views.PaymentMethodView:
    """Start to keep a card without a payment; the same `request_id` gets the first one again."""
    payments = caller.clients.payments
    request = payments_pb2.CreatePaymentMethodRequest(request_id=request_id, return_url=body.return_url)
    answer = caller.ask(payments, payments.stub.CreatePaymentMethod, request, cap_s=_ACQUIRER_S)
    return views.payment_method(answer.payment_method)


def get_payment_method(caller: Caller, payment_method_id: str, /) -> views.PaymentMethodView:
    """Return a saved card, or one that is being bound."""
    payments = caller.clients.payments
    request = payments_pb2.GetPaymentMethodRequest(payment_method_id=payment_method_id)
    return views.payment_method(caller.ask(payments, payments.stub.GetPaymentMethod, request).payment_method)


def list_payment_methods(caller: Caller, /) -> Items[views.PaymentMethodView]:
    """Return the saved cards."""
    payments = caller.clients.payments
    answer = caller.ask(payments, payments.stub.ListPaymentMethods, payments_pb2.ListPaymentMethodsRequest())
    return items([views.payment_method(item) for item in answer.payment_methods])


def remove_payment_method(caller: Caller, payment_method_id: str, /) -> None:
    """Remove a saved card; it is never charged again."""
    payments = caller.clients.payments
    request = payments_pb2.RemovePaymentMethodRequest(payment_method_id=payment_method_id)
    caller.ask(payments, payments.stub.RemovePaymentMethod, request)


def note_acquirer_notification(caller: Caller, /, *, acquirer_payment_id: str, event: str) -> None:
    """Pass a hint of the acquirer on. One that gets lost costs latency only: payments asks the acquirer by itself."""
    payments = caller.clients.payments
    request = payments_pb2.NoteAcquirerNotificationRequest(acquirer_payment_id=acquirer_payment_id, event=event)
    with suppress(RemoteError):
        caller.ask_openly(payments, payments.stub.NoteAcquirerNotification, request)


def create_autopay_rule(caller: Caller, body: bodies.NewAutopayRule, /, *, request_id: str) -> views.AutopayRuleView:
    """Create the rule of an account (F20)."""
    payments = caller.clients.payments
    request = payments_pb2.CreateAutopayRuleRequest(
        request_id=request_id,
        billing_account_id=body.billing_account_id,
        payment_method_id=body.payment_method_id,
        trigger=_trigger(body.trigger),
        amount=money(body.amount) if body.amount else None,
        amount_kind=_AMOUNT_KINDS[body.amount_kind],
        caps=_caps(body.caps),
    )
    return views.autopay_rule(caller.ask(payments, payments.stub.CreateAutopayRule, request).autopay_rule)


def get_autopay_rule(caller: Caller, autopay_rule_id: str, /) -> views.AutopayRuleView:
    """Return a rule."""
    payments = caller.clients.payments
    request = payments_pb2.GetAutopayRuleRequest(autopay_rule_id=autopay_rule_id)
    return views.autopay_rule(caller.ask(payments, payments.stub.GetAutopayRule, request).autopay_rule)


def list_autopay_rules(caller: Caller, /) -> Items[views.AutopayRuleView]:
    """Return the rules, stopped ones included."""
    payments = caller.clients.payments
    answer = caller.ask(payments, payments.stub.ListAutopayRules, payments_pb2.ListAutopayRulesRequest())
    return items([views.autopay_rule(item) for item in answer.autopay_rules])


def update_autopay_rule(caller: Caller, autopay_rule_id: str, body: bodies.AutopayTerms, /) -> views.AutopayRuleView:
    """Replace the terms of a rule."""
    payments = caller.clients.payments
    request = payments_pb2.UpdateAutopayRuleRequest(
        autopay_rule_id=autopay_rule_id,
        payment_method_id=body.payment_method_id,
        trigger=_trigger(body.trigger),
        amount=money(body.amount) if body.amount else None,
        amount_kind=_AMOUNT_KINDS[body.amount_kind],
        caps=_caps(body.caps),
    )
    return views.autopay_rule(caller.ask(payments, payments.stub.UpdateAutopayRule, request).autopay_rule)


def stop_autopay_rule(caller: Caller, autopay_rule_id: str, /) -> views.AutopayRuleView:
    """Stop a rule at once."""
    payments = caller.clients.payments
    request = payments_pb2.StopAutopayRuleRequest(autopay_rule_id=autopay_rule_id)
    return views.autopay_rule(caller.ask(payments, payments.stub.StopAutopayRule, request).autopay_rule)


def _caps(caps: bodies.Caps) -> payments_pb2.AutopayCaps:
    return payments_pb2.AutopayCaps(
        per_charge=money(caps.per_charge) if caps.per_charge else None,
        per_day=money(caps.per_day) if caps.per_day else None,
        per_month=money(caps.per_month) if caps.per_month else None,
    )


def _trigger(trigger: bodies.Trigger) -> payments_pb2.AutopayTrigger:
    match trigger.kind:
        case "first_of_month":
            return payments_pb2.AutopayTrigger(first_of_month=payments_pb2.FirstOfMonth())
        case "day_of_month":
            return payments_pb2.AutopayTrigger(day_of_month=payments_pb2.DayOfMonth(day=trigger.day or 0))
        case _:
            minimum = money(trigger.minimum_balance) if trigger.minimum_balance else None
            return payments_pb2.AutopayTrigger(threshold=payments_pb2.Threshold(minimum_balance=minimum))
