"""Promised payments, on real parts: one per account, whoever taps however often; repaid by the next payment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.accounts.v1 import ordering_pb2 as pb
from kabinet.regional.v1 import ordering_pb2 as regional
from pymongo.database import Database

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.ids import new_id
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, posting_request, rub
from tests.support import eventually


def _take(
    cabinet: Cabinet, account_id: str, *, request_id: str = "tap", kopecks: int = 300_00, by: str = ANNA
) -> pb.PromisedPayment:
    request = pb.TakePromisedPaymentRequest(request_id=request_id, billing_account_id=account_id, amount=rub(kopecks))
    promise: pb.PromisedPayment = cabinet.by(by).ordering("TakePromisedPayment", request).promised_payment
    return promise


def _states(cabinet: Cabinet, account_id: str) -> list[Any]:
    request = pb.ListPromisedPaymentsRequest(billing_account_id=account_id)
    listed = cabinet.by(ANNA).ordering("ListPromisedPayments", request).promised_payments
    return [promise.state for promise in listed]


def _eligibility(cabinet: Cabinet, account_id: str) -> pb.GetPromisedPaymentEligibilityResponse:
    request = pb.GetPromisedPaymentEligibilityRequest(billing_account_id=account_id)
    answer: pb.GetPromisedPaymentEligibilityResponse = cabinet.by(ANNA).ordering(
        "GetPromisedPaymentEligibility", request
    )
    return answer


def _refused_quote(cabinet: Cabinet, account_id: str) -> str:
    request = pb.CreateTariffQuoteRequest(billing_account_id=account_id, tariff_plan_id="nsk-max")
    with pytest.raises(RemoteError) as refused:
        cabinet.by(ANNA).ordering("CreateTariffQuote", request)
    return refused.value.reason


def test_is_taken_once_for_taps_of_everybody_and_shown_with_its_terms(
    cabinet: Cabinet, database: Database[Any]
) -> None:
    mine, others = (
        cabinet.linked().billing_account_id,
        cabinet.linked(BORIS, relation=accounts_pb2.RELATION_RELATIVE).billing_account_id,
    )
    whose = {ANNA: mine, BORIS: others}

    with ThreadPoolExecutor(6) as taps:
        promises = list(
            taps.map(lambda tap: _take(cabinet, whose[tap[0]], request_id=tap[1], by=tap[0]),
                     [(ANNA, "1"), (ANNA, "1"), (ANNA, "2"), (BORIS, "3"), (BORIS, "3"), (BORIS, "4")])
        )  # fmt: skip
    again = _take(cabinet, mine, request_id="5", kopecks=100_00)

    assert len({promise.promised_payment_id for promise in [*promises, again]}) == 1
    assert {promise.billing_account_id for promise in promises} == {mine, others}
    assert (again.state, again.amount.amount_minor) == (pb.PROMISED_PAYMENT_STATE_OPEN, 300_00)
    assert (again.fee.amount_minor, again.due_at.seconds > 0) == (30_00, True)
    assert len(cabinet.ordering.promises) == 1
    eventually(lambda: database["snapshots"].count_documents({}) == 1)


def test_waits_for_a_region_that_is_down_and_is_taken_when_it_is_back(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    promise = _take(cabinet, account_id)
    assert (promise.state, promise.HasField("fee")) == (pb.PROMISED_PAYMENT_STATE_REQUESTED, False)
    assert _take(cabinet, account_id, request_id="other").promised_payment_id == promise.promised_payment_id
    assert _refused_quote(cabinet, account_id) == "PROMISED_PAYMENT_OPEN"
    cabinet.region.recover()
    assert list(_eligibility(cabinet, account_id).reasons) == ["PROMISE_OPEN"]
    for _ in range(2):
        cabinet.start_dispatcher()

    eventually(lambda: _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_OPEN])
    assert list(cabinet.ordering.promises) == [promise.promised_payment_id]


def test_a_payment_repays_it_and_it_is_looked_at_at_once(cabinet: Cabinet, database: Database[Any]) -> None:
    cabinet.overrides["ordering_look_s"] = "3600"
    account_id = cabinet.linked().billing_account_id
    promise = _take(cabinet, account_id)
    database["promised_payments"].update_one({}, [{"$set": {"work.due_at": {"$add": ["$work.due_at", 3_600_000]}}}])

    def repay(method: str) -> None:
        if method == "PostPayment":
            cabinet.ordering.promises[promise.promised_payment_id].state = regional.PROMISED_PAYMENT_STATE_REPAID

    cabinet.region.after = repay
    cabinet.start_dispatcher()
    cabinet.by_service("payments").accounts("RequestPosting", posting_request(new_id("pay"), account_id))

    eventually(lambda: _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_REPAID])


def test_is_overdue_when_the_region_says_so(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    promise = _take(cabinet, account_id)
    booked = cabinet.ordering.promises[promise.promised_payment_id]
    booked.state = regional.PROMISED_PAYMENT_STATE_OVERDUE

    cabinet.start_dispatcher()

    eventually(lambda: _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_OVERDUE])


@pytest.mark.parametrize("at_rest", [False, True])
def test_one_that_is_overdue_is_looked_at_at_once_after_a_payment_and_is_repaid(
    cabinet: Cabinet, database: Database[Any], at_rest: bool
) -> None:
    account_id = cabinet.linked().billing_account_id
    promise = _take(cabinet, account_id)
    booked = cabinet.ordering.promises[promise.promised_payment_id]
    booked.state = regional.PROMISED_PAYMENT_STATE_OVERDUE
    cabinet.start_dispatcher()
    eventually(lambda: _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_OVERDUE])
    assert database["promised_payments"].find_one({}, {"work.due_at": 1, "_id": 0}) != {"work": {"due_at": None}}
    if at_rest:  # as one was kept that nobody looked at any more
        database["promised_payments"].update_one({}, {"$set": {"work.due_at": None}})

    def repay(method: str) -> None:
        if method == "PostPayment":
            booked.state = regional.PROMISED_PAYMENT_STATE_REPAID

    cabinet.region.after = repay
    cabinet.by_service("payments").accounts("RequestPosting", posting_request(new_id("pay"), account_id))

    eventually(lambda: _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_REPAID])


def test_one_repaid_at_a_counter_stands_in_nobodys_way(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    first = _take(cabinet, account_id, request_id="1")
    assert _refused_quote(cabinet, account_id) == "PROMISED_PAYMENT_OPEN"
    cabinet.ordering.promises[first.promised_payment_id].state = regional.PROMISED_PAYMENT_STATE_REPAID

    second = _take(cabinet, account_id, request_id="2")

    assert second.promised_payment_id != first.promised_payment_id
    assert _states(cabinet, account_id) == [pb.PROMISED_PAYMENT_STATE_OPEN, pb.PROMISED_PAYMENT_STATE_REPAID]
    assert _take(cabinet, account_id, request_id="1").promised_payment_id == first.promised_payment_id


def test_tells_before_the_button_whether_and_why_not(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id

    yes = _eligibility(cabinet, account_id)
    cabinet.ordering.reasons = ["NOT_ADVANCE", "DEBT_TOO_LARGE"]
    no = _eligibility(cabinet, account_id)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    with pytest.raises(RemoteError) as silent:
        _eligibility(cabinet, account_id)

    assert (yes.eligible, yes.largest_amount.amount_minor, yes.fee.amount_minor, yes.days) == (True, 500_00, 30_00, 5)
    assert (no.eligible, list(no.reasons), no.HasField("fee")) == (False, ["NOT_ADVANCE", "DEBT_TOO_LARGE"], False)
    assert (silent.value.kind, silent.value.reason) == (Kind.UNAVAILABLE, "REGION_UNAVAILABLE")


@pytest.mark.parametrize(
    ("kopecks", "trouble", "reason"),
    [
        (500_01, "", "PROMISED_PAYMENT_AMOUNT_INVALID"),
        (300_00, "PROMISED_PAYMENT_NOT_ELIGIBLE", "PROMISED_PAYMENT_NOT_ELIGIBLE"),
    ],
)
def test_passes_on_why_the_region_refuses_and_the_next_wish_is_free(
    cabinet: Cabinet, kopecks: int, trouble: str, reason: str
) -> None:
    account_id = cabinet.linked().billing_account_id
    if trouble:
        cabinet.region.refuse(Kind.FAILED_PRECONDITION, trouble, method="TakePromisedPayment")

    refused = _take(cabinet, account_id, request_id="1", kopecks=kopecks)
    cabinet.region.recover()

    assert (refused.state, refused.refusal_reason) == (pb.PROMISED_PAYMENT_STATE_REFUSED, reason)
    assert _take(cabinet, account_id, request_id="2").state == pb.PROMISED_PAYMENT_STATE_OPEN


def test_refuses_what_is_no_promise(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    _take(cabinet, account_id)

    refusals: list[tuple[Kind, str]] = []
    attempts: list[Callable[[], object]] = [
        lambda: _take(cabinet, account_id, request_id=""),
        lambda: _take(cabinet, account_id, request_id="other", kopecks=0),
        lambda: _take(cabinet, account_id, kopecks=300_01),
    ]
    for attempt in attempts:
        with pytest.raises(RemoteError) as refused:
            attempt()
        refusals.append((refused.value.kind, refused.value.reason))

    assert refusals == [
        (Kind.INVALID, "REQUEST_ID_MISSING"),
        (Kind.INVALID, "AMOUNT_NOT_POSITIVE"),
        (Kind.ALREADY_EXISTS, "REQUEST_ID_REUSED"),
    ]
