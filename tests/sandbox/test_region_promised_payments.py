"""Promised payments in the reference region: every reason why not, the fee, the services, repaying, falling overdue."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from tests.sandbox.regions import ADVANCE, CREDIT, Cabinet, NearRegion, reason_of

_SUM = 30_000
_FEE = 3_000


@pytest.fixture
def region(tmp_path: Path) -> Iterator[NearRegion]:
    near = NearRegion(folder=tmp_path)
    yield near
    near.close()


def _take(cabinet: Cabinet, promise_id: str = "pp_1", *, kopecks: int = _SUM) -> Any:
    amount = money_pb2.Money(amount_minor=kopecks, currency="RUB")
    request = ordering_pb2.TakePromisedPaymentRequest(promise_id=promise_id, number=ADVANCE, amount=amount)
    return cabinet.call(cabinet.ordering.TakePromisedPayment, request).promised_payment


def _get(cabinet: Cabinet, promise_id: str = "pp_1") -> Any:
    request = ordering_pb2.GetPromisedPaymentRequest(promise_id=promise_id)
    return cabinet.call(cabinet.ordering.GetPromisedPayment, request).promised_payment


def _eligibility(cabinet: Cabinet, number: str = ADVANCE) -> Any:
    request = ordering_pb2.GetPromisedPaymentEligibilityRequest(number=number)
    return cabinet.call(cabinet.ordering.GetPromisedPaymentEligibility, request)


def _works(cabinet: Cabinet) -> bool:
    services = cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE)).services
    return all(service.state == billing_pb2.SERVICE_STATE_ACTIVE for service in services)


def _bill(region: NearRegion, kopecks: int, charge_id: str = "fee") -> None:
    region.control(f"accounts/{ADVANCE}/charges", {"charge_id": charge_id, "amount_minor": kopecks})


def _pay(cabinet: Cabinet, kopecks: int, payment_id: str = "pay_1") -> Any:
    return cabinet.post(payment_id, amount=money_pb2.Money(amount_minor=kopecks, currency="RUB"))


def test_says_the_terms_before_it_is_asked(cabinet: Cabinet) -> None:
    found = _eligibility(cabinet)

    assert found.eligible
    assert not found.reasons
    assert (found.largest_amount.amount_minor, found.fee.amount_minor, found.days) == (50_000, _FEE, 5)


def test_serves_a_suspended_account_until_the_promise_is_due(region: NearRegion, cabinet: Cabinet) -> None:
    _bill(region, 30_000)
    suspended = not _works(cabinet)
    before = cabinet.balance(ADVANCE)

    promise = _take(cabinet)

    assert suspended
    assert _works(cabinet)
    assert promise.state == ordering_pb2.PROMISED_PAYMENT_STATE_OPEN
    assert promise.due_at.ToDatetime() - promise.taken_at.ToDatetime() == timedelta(days=5)
    assert cabinet.balance(ADVANCE) == before - _FEE  # the promise itself is no money


def test_is_taken_once_by_a_double_tap(cabinet: Cabinet) -> None:
    before = cabinet.balance(ADVANCE)

    with ThreadPoolExecutor(8) as pool:
        promises = list(pool.map(lambda _: _take(cabinet), range(8)))

    assert all(promise == promises[0] for promise in promises)
    assert cabinet.balance(ADVANCE) == before - _FEE


def test_refuses_the_id_of_another_promise(cabinet: Cabinet) -> None:
    _take(cabinet)

    with pytest.raises(grpc.RpcError) as error:
        _take(cabinet, kopecks=_SUM - 1)

    assert reason_of(error) == "REQUEST_ID_REUSED"


def test_is_repaid_by_the_next_payment_of_at_least_its_sum(region: NearRegion, cabinet: Cabinet) -> None:
    _bill(region, 30_000)
    _take(cabinet)

    _pay(cabinet, _SUM - 1)
    still_open = _get(cabinet).state
    _pay(cabinet, _SUM, "pay_2")

    assert still_open == ordering_pb2.PROMISED_PAYMENT_STATE_OPEN
    assert _get(cabinet).state == ordering_pb2.PROMISED_PAYMENT_STATE_REPAID
    assert _works(cabinet)


def test_suspends_again_when_its_date_passes_and_restores_by_the_late_payment(
    region: NearRegion, cabinet: Cabinet
) -> None:
    _bill(region, 30_000)
    _take(cabinet)
    region.move_clock(days=6)
    overdue = _get(cabinet)
    works_overdue = _works(cabinet)

    posting = _pay(cabinet, _SUM)

    assert overdue.state == ordering_pb2.PROMISED_PAYMENT_STATE_OVERDUE
    assert not works_overdue
    assert posting.HasField("service_restored_at")
    assert _get(cabinet).state == ordering_pb2.PROMISED_PAYMENT_STATE_REPAID


def test_says_every_reason_why_not(region: NearRegion, cabinet: Cabinet) -> None:
    _take(cabinet)
    _pay(cabinet, 10_000)
    open_and_rich = set(_eligibility(cabinet).reasons)
    region.control("promised-payments/pp_1/due-date", {})
    _bill(region, 90_000)

    overdue_and_poor = set(_eligibility(cabinet).reasons)

    assert open_and_rich == {"PROMISE_OPEN", "TAKEN_LATELY", "BALANCE_SUFFICIENT"}
    assert overdue_and_poor == {"PROMISE_OVERDUE", "TAKEN_LATELY", "DEBT_TOO_LARGE"}
    assert set(_eligibility(cabinet, CREDIT).reasons) == {"NOT_ADVANCE", "DEBT_TOO_LARGE"}


def test_says_from_when_when_only_time_is_missing(region: NearRegion, cabinet: Cabinet) -> None:
    taken_at = _take(cabinet).taken_at.ToDatetime()
    _pay(cabinet, _SUM)
    rich = _eligibility(cabinet)
    _bill(region, 30_000)

    poor = _eligibility(cabinet)

    assert not rich.HasField("eligible_from")
    assert list(poor.reasons) == ["TAKEN_LATELY"]
    assert poor.eligible_from.ToDatetime() == taken_at + timedelta(days=30)


def test_trusts_no_account_that_was_opened_today(region: NearRegion, cabinet: Cabinet) -> None:
    region.control("accounts", {"first_number": 5_400_900_001, "count": 1, "balance_minor": 100})

    assert list(_eligibility(cabinet, "5400900001").reasons) == ["ACCOUNT_TOO_YOUNG"]


@pytest.mark.parametrize("kopecks", [0, -1, 50_001])
def test_refuses_a_sum_beyond_its_terms(cabinet: Cabinet, kopecks: int) -> None:
    with pytest.raises(grpc.RpcError) as error:
        _take(cabinet, kopecks=kopecks)

    assert reason_of(error) == "PROMISED_PAYMENT_AMOUNT_INVALID"


def test_refuses_who_is_not_eligible(cabinet: Cabinet) -> None:
    _take(cabinet)

    with pytest.raises(grpc.RpcError) as error:
        _take(cabinet, "pp_2")

    assert reason_of(error) == "PROMISED_PAYMENT_NOT_ELIGIBLE"


def test_changes_no_tariff_plan_while_it_is_open(cabinet: Cabinet) -> None:
    _take(cabinet)

    with pytest.raises(grpc.RpcError) as error:
        request = ordering_pb2.QuoteTariffChangeRequest(number=ADVANCE, tariff_plan_id="nsk-online-30")
        cabinet.call(cabinet.ordering.QuoteTariffChange, request)

    assert reason_of(error) == "PROMISED_PAYMENT_OPEN"
