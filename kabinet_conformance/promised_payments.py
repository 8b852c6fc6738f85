"""RO-2x: promised payments. The kit takes one of a rouble when the account is eligible, and repays it."""

from typing import Any

import grpc
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from kabinet_conformance.region import Region, new_id, rubles, same
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.tariffs import any_quote_request
from kabinet_conformance.values import expect_moment, expect_sum
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_KOPECKS = 100
_REASONS = frozenset(
    {
        "NOT_INTERNET",
        "NOT_ADVANCE",
        "PROMISE_OPEN",
        "PROMISE_OVERDUE",
        "TAKEN_LATELY",
        "BALANCE_SUFFICIENT",
        "ACCOUNT_TOO_YOUNG",
        "DEBT_TOO_LARGE",
    }
)


@BOOK.rule(
    "RO-20",
    "Eligibility names the terms, or every reason why not, in the contract's words.",
    advice="When eligible: largest sum, fee and days, no reasons. When not: reasons, and no terms.",
)
def eligibility(region: Region) -> None:
    found = _eligibility(region)
    if found.eligible:
        expect(not found.reasons, f"eligible, and yet reasons: {list(found.reasons)}")
        expect_sum(found, "largest_amount", at_least=1)
        expect_sum(found, "fee", at_least=0)
        expect(found.days > 0, f"days is {found.days}")
    else:
        expect(found.reasons, "not eligible, and no reason")
        unknown = set(found.reasons) - _REASONS
        expect(not unknown, f"reasons that the contract does not know: {sorted(unknown)}")
        terms = found.days or found.HasField("largest_amount") or found.HasField("fee")
        expect(not terms, "not eligible, and yet terms are named")


@BOOK.rule(
    "RO-21",
    "A sum that is not positive or above the largest is INVALID_ARGUMENT (PROMISED_PAYMENT_AMOUNT_INVALID).",
    advice="Check the sum by the terms that eligibility names.",
)
def wrong_sums(region: Region) -> None:
    largest = _eligible(region).largest_amount.amount_minor
    for kopecks in (0, -1, largest + 1):
        region.expect_refusal(
            _request(region, kopecks), code=grpc.StatusCode.INVALID_ARGUMENT, reason="PROMISED_PAYMENT_AMOUNT_INVALID"
        )


@BOOK.rule(
    "RO-22",
    "A promised payment is taken and bills its fee once per id, forbids a tariff change, and is repaid by a payment.",
    advice="Keep a unique index on the promise id and on the unpaid promise of an account; the promise is no money.",
)
def taken_once(region: Region) -> None:
    terms = _eligible(region)
    before = region.balance()
    quote = any_quote_request(region)
    request = _request(region, _KOPECKS)
    try:
        promise = _taken(region, request)
        expect(promise.fee == terms.fee, "the fee is not the one of the terms")
        after = "After a promised payment, which costs its fee only"
        region.expect_balance(before - terms.fee.amount_minor, after=after)
        region.expect_refusal(quote, code=grpc.StatusCode.FAILED_PRECONDITION, reason="PROMISED_PAYMENT_OPEN")
        _expect_no_second(region, request)
    finally:
        _pay(region, request)  # leave no open promise on the account, whatever the rule found
    found = region.ask(ordering_pb2.GetPromisedPaymentRequest(promise_id=request.promise_id)).promised_payment
    repaid = found.state == ordering_pb2.PROMISED_PAYMENT_STATE_REPAID
    expect(repaid, "a payment of the promise's sum did not repay it")


@BOOK.rule(
    "RO-23",
    "Who is not eligible is refused: PROMISED_PAYMENT_NOT_ELIGIBLE.",
    advice="Decide in the same transaction in which the promise is written.",
)
def not_eligible(region: Region) -> None:
    if _eligibility(region).eligible:
        raise NotApplicable("the account is eligible")
    _expect_not_eligible(region)


@BOOK.rule(
    "RO-24",
    "An unknown promise is NOT_FOUND (PROMISED_PAYMENT_NOT_FOUND).",
    advice="Add the reason as ErrorInfo.",
)
def unknown(region: Region) -> None:
    request = ordering_pb2.GetPromisedPaymentRequest(promise_id=new_id("pp"))
    region.expect_refusal(request, code=grpc.StatusCode.NOT_FOUND, reason="PROMISED_PAYMENT_NOT_FOUND")


def _expect_no_second(region: Region, first: ordering_pb2.TakePromisedPaymentRequest) -> None:
    found = _eligibility(region)
    expect(not found.eligible, "the account is eligible for another promise while one is open")
    expect("PROMISE_OPEN" in found.reasons, "PROMISE_OPEN is not among the reasons")
    _expect_not_eligible(region)
    other = ordering_pb2.TakePromisedPaymentRequest()
    other.CopyFrom(first)
    other.amount.amount_minor -= 1
    region.expect_refusal(other, code=grpc.StatusCode.ALREADY_EXISTS, reason="REQUEST_ID_REUSED")


def _expect_not_eligible(region: Region) -> None:
    region.expect_refusal(
        _request(region, _KOPECKS), code=grpc.StatusCode.FAILED_PRECONDITION, reason="PROMISED_PAYMENT_NOT_ELIGIBLE"
    )


def _taken(region: Region, request: ordering_pb2.TakePromisedPaymentRequest) -> Any:
    answers = [region.send(request), *region.at_once([request] * 4)]
    expect(same(answers, lambda body: body.promised_payment), "repeated calls did not all return one promise")
    promise: Any = answers[0].body.promised_payment
    expect(promise.state == ordering_pb2.PROMISED_PAYMENT_STATE_OPEN, "the promise is not OPEN")
    expect(promise.amount == request.amount, "the promise has another sum")
    expect_moment(promise, "taken_at")
    return promise


def _pay(region: Region, request: ordering_pb2.TakePromisedPaymentRequest) -> None:
    region.send(billing_pb2.PostPaymentRequest(payment_id=new_id("pay"), number=request.number, amount=request.amount))


def _eligibility(region: Region) -> Any:
    return region.ask(ordering_pb2.GetPromisedPaymentEligibilityRequest(number=region.target.account))


def _eligible(region: Region) -> Any:
    found = _eligibility(region)
    if not found.eligible:
        raise NotApplicable(f"the account is not eligible: {', '.join(found.reasons)}")
    return found


def _request(region: Region, kopecks: int) -> ordering_pb2.TakePromisedPaymentRequest:
    return ordering_pb2.TakePromisedPaymentRequest(
        promise_id=new_id("pp"), number=region.target.account, amount=rubles(kopecks)
    )
