"""Payments, saved cards and autopay over JSON."""

from typing import Any
from uuid import uuid4

from gateway.actions import payments as actions
from gateway.api.routes import answers, area
from gateway.auth import caller
from gateway.bodies import payments as bodies
from gateway.errors import IdempotencyKeyMissing, PaymentInProgress
from gateway.views import payments as views
from gateway.views.values import Items

api = area("payments", "Payments, saved cards, autopay")


@api.post("/payments", responses=answers(201, views.PaymentView, name="Payment", refused=(401, 403, 404, 409, 422)))
def create_payment(header: bodies.IdempotencyHeader, body: bodies.NewPayment) -> Any:
    """Create a payment and start it at the acquirer

    Needs `Idempotency-Key`: the same key and body get the first payment again, another body is refused with 422, and
    while the first request is still being answered the second gets 409. The same sum to the same account within three
    minutes under another key is asked about: 409 `SIMILAR_PAYMENT`, unless `confirm_repeat` says that it is meant.
    """
    if header.idempotency_key is None:
        raise IdempotencyKeyMissing("A payment needs an Idempotency-Key.")
    payment = actions.create_payment(caller(), body, request_id=header.idempotency_key)
    if payment["state"] == "created":
        raise PaymentInProgress("The first request with this key is still being answered.")
    return payment, 201


@api.get("/payments", responses=answers(200, Items[views.PaymentView], name="Payments", refused=(401,)))
def list_payments(query: bodies.PaymentsPage) -> Any:
    """List the payments, newest first"""
    return actions.list_payments(caller(), query, billing_account_id=query.billing_account_id)


@api.get("/payments/<string:payment_id>", responses=answers(200, views.PaymentView, name="Payment"))
def get_payment(path: bodies.PaymentPath) -> Any:
    """Read a payment with its stages"""
    return actions.get_payment(caller(), path.payment_id)


@api.get("/payment-kinds", responses=answers(200, views.PaymentKindsView, name="PaymentKinds", refused=(401,)))
def list_payment_kinds() -> Any:
    """List the ways to pay, with the reason of one that is switched off"""
    return actions.list_payment_kinds(caller())


@api.get(
    "/payment-methods", responses=answers(200, Items[views.PaymentMethodView], name="PaymentMethods", refused=(401,))
)
def list_payment_methods() -> Any:
    """List the saved cards"""
    return actions.list_payment_methods(caller())


@api.post(
    "/payment-methods",
    responses=answers(201, views.PaymentMethodView, name="PaymentMethod", refused=(401, 409, 422)),
)
def create_payment_method(header: bodies.IdempotencyHeader, body: bodies.NewPaymentMethod) -> Any:
    """Start to keep a card without a payment: nothing is charged, the card is typed on the acquirer's page

    Needs `Idempotency-Key`, as a payment does. Until the state is `active` nothing can be charged to it.
    """
    if header.idempotency_key is None:
        raise IdempotencyKeyMissing("Binding a card needs an Idempotency-Key.")
    return actions.create_payment_method(caller(), body, request_id=header.idempotency_key), 201


@api.get(
    "/payment-methods/<string:payment_method_id>",
    responses=answers(200, views.PaymentMethodView, name="PaymentMethod"),
)
def get_payment_method(path: bodies.PaymentMethodPath) -> Any:
    """Read a saved card, or how far its binding is"""
    return actions.get_payment_method(caller(), path.payment_method_id)


@api.delete("/payment-methods/<string:payment_method_id>", responses=answers(204))
def remove_payment_method(path: bodies.PaymentMethodPath) -> Any:
    """Remove a saved card, or call its binding off; it is never charged again"""
    actions.remove_payment_method(caller(), path.payment_method_id)
    return "", 204


@api.post(
    "/autopay-rules",
    responses=answers(201, views.AutopayRuleView, name="AutopayRule", refused=(401, 403, 404, 409, 422)),
)
def create_autopay_rule(header: bodies.IdempotencyHeader, body: bodies.NewAutopayRule) -> Any:
    """Create the autopay rule of a billing account"""
    request_id = header.idempotency_key or str(uuid4())
    return actions.create_autopay_rule(caller(), body, request_id=request_id), 201


@api.get("/autopay-rules", responses=answers(200, Items[views.AutopayRuleView], name="AutopayRules", refused=(401,)))
def list_autopay_rules() -> Any:
    """List the autopay rules, stopped ones included"""
    return actions.list_autopay_rules(caller())


@api.get("/autopay-rules/<string:autopay_rule_id>", responses=answers(200, views.AutopayRuleView, name="AutopayRule"))
def get_autopay_rule(path: bodies.AutopayRulePath) -> Any:
    """Read an autopay rule"""
    return actions.get_autopay_rule(caller(), path.autopay_rule_id)


@api.put(
    "/autopay-rules/<string:autopay_rule_id>",
    responses=answers(200, views.AutopayRuleView, name="AutopayRule", refused=(401, 403, 404, 409)),
)
def update_autopay_rule(path: bodies.AutopayRulePath, body: bodies.AutopayTerms) -> Any:
    """Replace trigger, amount and card of a rule"""
    return actions.update_autopay_rule(caller(), path.autopay_rule_id, body)


@api.delete(
    "/autopay-rules/<string:autopay_rule_id>", responses=answers(200, views.AutopayRuleView, name="AutopayRule")
)
def stop_autopay_rule(path: bodies.AutopayRulePath) -> Any:
    """Stop a rule at once; it stays readable with its decisions"""
    return actions.stop_autopay_rule(caller(), path.autopay_rule_id)
