"""Ordering a service, on real parts: once per request, watched until it is connected, cancelled before."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kabinet.accounts.v1 import ordering_pb2 as pb
from kabinet.regional.v1 import ordering_pb2 as regional
from pymongo.database import Database

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet
from tests.support import eventually


def _order(
    cabinet: Cabinet, account_id: str, *, request_id: str = "tap", code: str = "tv-1", by: str = ANNA
) -> pb.ServiceOrder:
    request = pb.CreateServiceOrderRequest(request_id=request_id, billing_account_id=account_id, offer_code=code)
    order: pb.ServiceOrder = cabinet.by(by).ordering("CreateServiceOrder", request).service_order
    return order


def _listed(cabinet: Cabinet, account_id: str) -> list[pb.ServiceOrder]:
    request = pb.ListServiceOrdersRequest(billing_account_id=account_id)
    return list(cabinet.by(ANNA).ordering("ListServiceOrders", request).service_orders)


def _states(cabinet: Cabinet, account_id: str) -> list[Any]:
    return [order.state for order in _listed(cabinet, account_id)]


def _cancel(cabinet: Cabinet, order: pb.ServiceOrder, by: str = ANNA) -> pb.ServiceOrder:
    request = pb.CancelServiceOrderRequest(service_order_id=order.service_order_id)
    canceled: pb.ServiceOrder = cabinet.by(by).ordering("CancelServiceOrder", request).service_order
    return canceled


def _offers(cabinet: Cabinet, account_id: str) -> list[pb.ServiceOffer]:
    request = pb.ListServiceOffersRequest(billing_account_id=account_id)
    return list(cabinet.by(ANNA).ordering("ListServiceOffers", request).offers)


def _clerk(
    cabinet: Cabinet, order: pb.ServiceOrder, state: regional.ServiceOrderState.ValueType, why: str = ""
) -> None:
    """Do in the region what a clerk or a technician does."""
    booked = cabinet.ordering.orders[order.service_order_id]
    booked.state, booked.refusal_reason = state, why
    booked.changed_at.GetCurrentTime()


def test_orders_once_for_a_double_tap_and_says_what_it_is(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    (offer,) = _offers(cabinet, account_id)

    with ThreadPoolExecutor(4) as taps:
        orders = list(taps.map(lambda _: _order(cabinet, account_id), range(4)))

    assert (offer.kind, offer.monthly_fee.amount_minor) == ("tv", 350_00)
    assert len({order.service_order_id for order in orders}) == 1
    (listed,) = _listed(cabinet, account_id)
    assert (listed.state, listed.offer) == (pb.SERVICE_ORDER_STATE_ACCEPTED, offer)
    assert cabinet.ordering.count("OrderService") == 1


@pytest.mark.parametrize("shown", [True, False])
def test_waits_for_a_region_that_is_down_with_what_was_shown(cabinet: Cabinet, shown: bool) -> None:
    account_id = cabinet.linked().billing_account_id
    if shown:
        _offers(cabinet, account_id)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    order = _order(cabinet, account_id)
    assert (order.state, order.offer.offer_code) == (pb.SERVICE_ORDER_STATE_REQUESTED, "tv-1")
    assert order.offer.name == ("Интерактивное ТВ" if shown else "")
    cabinet.start_dispatcher()
    cabinet.region.recover()

    eventually(lambda: _states(cabinet, account_id) == [pb.SERVICE_ORDER_STATE_ACCEPTED])
    assert _listed(cabinet, account_id)[0].offer.name == "Интерактивное ТВ"


def test_follows_an_order_until_it_is_connected_and_reads_the_figures_anew(
    cabinet: Cabinet, database: Database[Any]
) -> None:
    account_id = cabinet.linked().billing_account_id
    order = _order(cabinet, account_id)
    for _ in range(2):
        cabinet.start_dispatcher()

    _clerk(cabinet, order, regional.SERVICE_ORDER_STATE_IN_PROGRESS)
    eventually(lambda: _states(cabinet, account_id) == [pb.SERVICE_ORDER_STATE_IN_PROGRESS])
    assert database["snapshots"].count_documents({}) == 0
    _clerk(cabinet, order, regional.SERVICE_ORDER_STATE_DONE)

    eventually(lambda: _states(cabinet, account_id) == [pb.SERVICE_ORDER_STATE_DONE])
    eventually(lambda: database["snapshots"].count_documents({"services.value.0.service_id": "s1"}) == 1)
    with pytest.raises(RemoteError) as late:
        _cancel(cabinet, order)
    assert (late.value.kind, late.value.reason) == (Kind.FAILED_PRECONDITION, "SERVICE_ORDER_DONE")


def test_a_technician_may_find_that_it_cannot_be_done(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    order = _order(cabinet, account_id)
    _clerk(cabinet, order, regional.SERVICE_ORDER_STATE_REFUSED, "SERVICE_NOT_FEASIBLE")

    cabinet.start_dispatcher()

    eventually(lambda: _states(cabinet, account_id) == [pb.SERVICE_ORDER_STATE_REFUSED])
    assert _listed(cabinet, account_id)[0].refusal_reason == "SERVICE_NOT_FEASIBLE"


@pytest.mark.parametrize("reason", ["SERVICE_ALREADY_THERE", "SERVICE_NOT_FEASIBLE", "ACCOUNT_CLOSED"])
def test_passes_on_why_the_region_refuses(cabinet: Cabinet, reason: str) -> None:
    account_id = cabinet.linked().billing_account_id
    cabinet.region.refuse(Kind.FAILED_PRECONDITION, reason, method="OrderService")

    order = _order(cabinet, account_id)

    assert (order.state, order.refusal_reason) == (pb.SERVICE_ORDER_STATE_REFUSED, reason)


def test_cancels_once_and_also_while_the_region_is_down(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    first, second = _order(cabinet, account_id, request_id="1"), _order(cabinet, account_id, request_id="2")
    assert [_cancel(cabinet, first).state for _ in range(2)] == [pb.SERVICE_ORDER_STATE_CANCELED] * 2
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    assert _cancel(cabinet, second).state == pb.SERVICE_ORDER_STATE_CANCELING
    cabinet.start_dispatcher()
    cabinet.region.recover()

    eventually(lambda: _states(cabinet, account_id) == [pb.SERVICE_ORDER_STATE_CANCELED] * 2)


def test_refuses_what_is_no_order(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    order = _order(cabinet, account_id)

    refusals: list[tuple[Kind, str]] = []
    attempts: list[Callable[[], object]] = [
        lambda: _order(cabinet, account_id, request_id=""),
        lambda: _order(cabinet, account_id, code="tv-2"),
        lambda: _order(cabinet, account_id, request_id="other", code="none"),
        lambda: _order(cabinet, account_id, request_id="other", code="none"),
        lambda: _cancel(cabinet, order, BORIS),
        lambda: _cancel(cabinet, pb.ServiceOrder(service_order_id="ord_none")),
    ]
    for attempt in attempts:
        with pytest.raises(RemoteError) as refused:
            attempt()
        refusals.append((refused.value.kind, refused.value.reason))

    assert refusals == [
        (Kind.INVALID, "REQUEST_ID_MISSING"),
        (Kind.ALREADY_EXISTS, "REQUEST_ID_REUSED"),
        (Kind.NOT_FOUND, "SERVICE_OFFER_NOT_FOUND"),
        (Kind.NOT_FOUND, "SERVICE_OFFER_NOT_FOUND"),
        (Kind.NOT_FOUND, "SERVICE_ORDER_NOT_FOUND"),
        (Kind.NOT_FOUND, "SERVICE_ORDER_NOT_FOUND"),
    ]
    assert len(cabinet.ordering.orders) == 1
