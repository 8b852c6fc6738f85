"""Ordering services in the reference region: the way from the order to the account, cancelling, refusals, repeats."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from sandbox.region import assembly
from sandbox.region.rules import Rules, ServiceOrderSteps, read_rules
from tests.sandbox.regions import ADVANCE, Cabinet, NearRegion, reason_of
from tests.support import eventually

_INTERNET_ONLY = "5400200003"


def _rules_of_slow_fitters(region: str) -> Rules:
    """No order moves on while a test looks at it, unless it is hurried or the clock is moved."""
    steps = ServiceOrderSteps(accepted_s=3600, in_progress_s=3600)
    return read_rules(region).model_copy(update={"service_order_steps": steps})


@pytest.fixture
def region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NearRegion]:
    monkeypatch.setattr(assembly, "read_rules", _rules_of_slow_fitters)
    near = NearRegion(folder=tmp_path)
    yield near
    near.close()


def _order(cabinet: Cabinet, offer: str = "nsk-static-ip", order_id: str = "so_1", number: str = ADVANCE) -> Any:
    request = ordering_pb2.OrderServiceRequest(order_id=order_id, number=number, offer_code=offer)
    return cabinet.call(cabinet.ordering.OrderService, request).order


def _get(cabinet: Cabinet, order_id: str = "so_1") -> Any:
    request = ordering_pb2.GetServiceOrderRequest(order_id=order_id)
    return cabinet.call(cabinet.ordering.GetServiceOrder, request).order


def _cancel(cabinet: Cabinet, order_id: str = "so_1") -> Any:
    request = ordering_pb2.CancelServiceOrderRequest(order_id=order_id)
    return cabinet.call(cabinet.ordering.CancelServiceOrder, request).order


def _connected(region: NearRegion, cabinet: Cabinet, order_id: str = "so_1") -> Any:
    """Hurry an order to its end."""
    region.control(f"service-orders/{order_id}", {})
    assert _get(cabinet, order_id).state == ordering_pb2.SERVICE_ORDER_STATE_IN_PROGRESS
    region.control(f"service-orders/{order_id}", {})
    return _get(cabinet, order_id)


def test_offers_what_the_account_does_not_have(cabinet: Cabinet) -> None:
    def codes(number: str) -> list[str]:
        request = ordering_pb2.ListServiceOffersRequest(number=number)
        return [offer.offer_code for offer in cabinet.call(cabinet.ordering.ListServiceOffers, request).offers]

    assert "nsk-tv-start" not in codes(ADVANCE)
    assert codes(_INTERNET_ONLY)[:2] == ["nsk-phone-second", "nsk-phone"]
    assert "nsk-tv-start" in codes(_INTERNET_ONLY)


def test_connects_bills_and_shows_what_was_ordered(region: NearRegion, cabinet: Cabinet) -> None:
    before = cabinet.balance(ADVANCE)
    ordered = _order(cabinet)

    done = _connected(region, cabinet)

    account = cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE))
    assert ordered.state == ordering_pb2.SERVICE_ORDER_STATE_ACCEPTED
    assert done.state == ordering_pb2.SERVICE_ORDER_STATE_DONE
    assert "Постоянный IP-адрес" in {service.name for service in account.services}
    assert account.balance.amount_minor == before - 10_000


def test_moves_on_by_itself(cabinet: Cabinet, region: NearRegion) -> None:
    _order(cabinet)

    region.move_clock(hours=1, minutes=1)
    eventually(lambda: _get(cabinet).state == ordering_pb2.SERVICE_ORDER_STATE_IN_PROGRESS)
    region.move_clock(hours=2, minutes=2)

    eventually(lambda: _get(cabinet).state == ordering_pb2.SERVICE_ORDER_STATE_DONE)


def test_orders_once_however_often_it_is_asked(region: NearRegion, cabinet: Cabinet) -> None:
    first = _order(cabinet)

    assert _order(cabinet) == first
    with pytest.raises(grpc.RpcError) as error:
        _order(cabinet, "nsk-tv-kino")
    assert reason_of(error) == "REQUEST_ID_REUSED"


def test_cancels_until_it_is_connected(region: NearRegion, cabinet: Cabinet) -> None:
    _order(cabinet)
    canceled = [_cancel(cabinet) for _ in range(2)]
    _order(cabinet, order_id="so_2")
    _connected(region, cabinet, "so_2")

    with pytest.raises(grpc.RpcError) as error:
        _cancel(cabinet, "so_2")

    assert canceled[0] == canceled[1]
    assert canceled[0].state == ordering_pb2.SERVICE_ORDER_STATE_CANCELED
    assert reason_of(error) == "SERVICE_ORDER_DONE"


def test_says_why_the_fitter_could_not_connect_it(region: NearRegion, cabinet: Cabinet) -> None:
    before = cabinet.balance(ADVANCE)
    _order(cabinet, "nsk-phone-second")

    refused = _connected(region, cabinet)

    assert (refused.state, refused.refusal_reason) == (ordering_pb2.SERVICE_ORDER_STATE_REFUSED, "NO_FREE_LINE")
    assert cabinet.balance(ADVANCE) == before


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("nsk-tv-start", "SERVICE_ALREADY_THERE"),
        ("nsk-gpon-500", "SERVICE_NOT_FEASIBLE"),
        ("none", "SERVICE_OFFER_NOT_FOUND"),
    ],
)
def test_takes_no_order_that_cannot_be_done(cabinet: Cabinet, offer: str, reason: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        _order(cabinet, offer)

    assert reason_of(error) == reason


def test_takes_no_second_order_of_what_is_on_its_way(cabinet: Cabinet) -> None:
    _order(cabinet)

    with pytest.raises(grpc.RpcError) as error:
        _order(cabinet, order_id="so_2")

    assert reason_of(error) == "SERVICE_ALREADY_THERE"


def test_connects_nothing_on_an_account_that_was_closed_meanwhile(region: NearRegion, cabinet: Cabinet) -> None:
    _order(cabinet)
    region.control(f"accounts/{ADVANCE}/closing", {})

    assert _connected(region, cabinet).refusal_reason == "ACCOUNT_CLOSED"


def test_one_order_that_fails_holds_no_other_up(region: NearRegion, cabinet: Cabinet) -> None:
    taken = {"charge_id": "connection:so_1", "amount_minor": 1}
    region.control(f"accounts/{ADVANCE}/charges", taken)  # the id under which the connection is to be billed
    _order(cabinet, order_id="so_1")
    _order(cabinet, "nsk-tv-kino", "so_2")
    region.control("service-orders/so_1", {})
    region.control("service-orders/so_2", {})

    done = _connected_next(region, cabinet, "so_1"), _connected_next(region, cabinet, "so_2")

    states = [order.state for order in done]
    assert states == [ordering_pb2.SERVICE_ORDER_STATE_IN_PROGRESS, ordering_pb2.SERVICE_ORDER_STATE_DONE]


def _connected_next(region: NearRegion, cabinet: Cabinet, order_id: str) -> Any:
    _get(cabinet, order_id)
    region.control(f"service-orders/{order_id}", {})
    return _get(cabinet, order_id)
