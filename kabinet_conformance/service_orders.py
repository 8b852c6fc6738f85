"""RO-1x: orders of services. Every order is cancelled at once, so that nobody is sent out."""

from typing import Any

import grpc
from google.protobuf.message import Message
from kabinet.regional.v1 import ordering_pb2

from kabinet_conformance.region import Region, new_id, rubles, same
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_moment, expect_sum, expect_text
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()


@BOOK.rule(
    "RO-10",
    "The services on offer come by kind and name, each with a code, prices and a readable name.",
    advice="Leave out what the account has already; send a free connection as zero with a currency.",
)
def offers(region: Region) -> None:
    found = _offers(region)
    places = [(offer.kind, offer.name) for offer in found]
    expect(places == sorted(places), "the offers do not come by kind and name")
    for offer in found:
        expect(offer.offer_code, "an offer has no code")
        expect_text(offer.name, f"the name of offer {offer.offer_code}")
        expect_sum(offer, "connection_price", at_least=0)
        expect_sum(offer, "monthly_fee", at_least=0)


@BOOK.rule(
    "RO-11",
    "The same order id again, also at the same moment, returns the first order; GetServiceOrder shows it.",
    advice="Keep a unique index on the order id, and look for the id before looking at anything else.",
)
def ordered_once(region: Region) -> None:
    order = _placed(region)
    request = _request(region, order.order_id, order.offer.offer_code)
    answers = region.at_once([request] * 4)
    got = region.send(ordering_pb2.GetServiceOrderRequest(order_id=order.order_id))
    _cancel(region, order.order_id)
    expect(same([*answers, got], lambda body: body.order.order_id), "repeated calls did not return the first order")
    expect(same([*answers, got], lambda body: body.order.offer), "the orders of one id are for different offers")
    expect_moment(order, "changed_at")


@BOOK.rule(
    "RO-12",
    "An order id with another content is ALREADY_EXISTS (REQUEST_ID_REUSED).",
    advice="On a repeat compare account and offer with the first request.",
)
def reuse(region: Region) -> None:
    order = _placed(region)
    answer = region.send(_request(region, order.order_id, new_id("offer")))
    _cancel(region, order.order_id)
    expect(answer.reason == "REQUEST_ID_REUSED", f"the id of another order was answered with {answer}")


@BOOK.rule(
    "RO-13",
    "An order that is not done can be cancelled, twice with one answer, and bills nothing.",
    advice="Bill the connection when it is done, not when it is ordered; cancelling twice is a success.",
)
def cancelled(region: Region) -> None:
    before = region.balance()
    order = _placed(region)
    answers = [_cancel(region, order.order_id) for _ in range(2)]
    expect(same(answers, lambda body: body.order), f"cancelling twice was answered with {[str(it) for it in answers]}")
    state = answers[0].body.order.state
    expect(state == ordering_pb2.SERVICE_ORDER_STATE_CANCELED, "the cancelled order is not CANCELED")
    region.expect_balance(before, after="After a cancelled order")


@BOOK.rule(
    "RO-14",
    "An unknown offer is SERVICE_OFFER_NOT_FOUND, an unknown order SERVICE_ORDER_NOT_FOUND.",
    advice="Add the reason as ErrorInfo.",
)
def unknown(region: Region) -> None:
    missing = grpc.StatusCode.NOT_FOUND
    order_id = new_id("ord")
    region.expect_refusal(_request(region, order_id, new_id("off")), code=missing, reason="SERVICE_OFFER_NOT_FOUND")
    for request in (
        ordering_pb2.GetServiceOrderRequest(order_id=order_id),
        ordering_pb2.CancelServiceOrderRequest(order_id=order_id),
    ):
        region.expect_refusal(request, code=missing, reason="SERVICE_ORDER_NOT_FOUND")


@BOOK.rule(
    "RO-15",
    "An unknown account is NOT_FOUND (ACCOUNT_NOT_FOUND) in every method that takes a number.",
    advice="Look for the account first in every method, and add the reason as ErrorInfo.",
)
def unknown_account(region: Region) -> None:
    for request in _by_number(new_id("number")):
        region.expect_refusal(request, code=grpc.StatusCode.NOT_FOUND, reason="ACCOUNT_NOT_FOUND")


@BOOK.rule(
    "RO-16",
    "On a closed account nothing is offered or ordered: FAILED_PRECONDITION (ACCOUNT_CLOSED).",
    advice="Look whether the account is closed before anything else about it.",
)
def closed_account(region: Region) -> None:
    if not region.target.closed_account:
        raise NotApplicable("needs --closed-account, an account that is closed")
    for request in _by_number(region.target.closed_account):
        region.expect_refusal(request, code=grpc.StatusCode.FAILED_PRECONDITION, reason="ACCOUNT_CLOSED")


def _by_number(number: str) -> tuple[Message, ...]:
    """Return one request of each method that takes a number, with ids and codes that nobody has."""
    return (
        ordering_pb2.ListTariffPlansRequest(number=number),
        ordering_pb2.QuoteTariffChangeRequest(number=number, tariff_plan_id=new_id("plan")),
        ordering_pb2.ScheduleTariffChangeRequest(change_id=new_id("chg"), number=number),
        ordering_pb2.ListServiceOffersRequest(number=number),
        ordering_pb2.OrderServiceRequest(order_id=new_id("ord"), number=number, offer_code=new_id("off")),
        ordering_pb2.GetPromisedPaymentEligibilityRequest(number=number),
        ordering_pb2.TakePromisedPaymentRequest(promise_id=new_id("pp"), number=number, amount=rubles(1)),
    )


def _offers(region: Region) -> Any:
    return region.ask(ordering_pb2.ListServiceOffersRequest(number=region.target.account)).offers


def _request(region: Region, order_id: str, offer_code: str) -> ordering_pb2.OrderServiceRequest:
    return ordering_pb2.OrderServiceRequest(order_id=order_id, number=region.target.account, offer_code=offer_code)


def _placed(region: Region) -> Any:
    """Order the first service that is feasible."""
    for offer in _offers(region):
        answer = region.send(_request(region, new_id("ord"), offer.offer_code))
        if answer.code is grpc.StatusCode.OK:
            return answer.body.order
        known = answer.reason in ("SERVICE_NOT_FEASIBLE", "SERVICE_ALREADY_THERE")
        expect(known, f"the offer {offer.offer_code} was refused with {answer}")
    raise NotApplicable("there is no offer that the account could order")


def _cancel(region: Region, order_id: str) -> Any:
    return region.send(ordering_pb2.CancelServiceOrderRequest(order_id=order_id))
