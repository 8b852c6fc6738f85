"""The life of a service order."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.ordering_errors import RequestIdMissing, RequestIdReused, ServiceOrderDone
from services.accounts.domain.posting import IllegalMove
from services.accounts.domain.service_order import ServiceOrder, ServiceOrderState
from services.accounts.domain.tariff_change import LONGEST_FLIGHT
from services.chassis.errors import FieldInvalid
from tests.accounts.builders import A_MORNING, KEY
from tests.accounts.ordering_builders import ERRANDS, OFFER, make_order, order_answer

_S = ServiceOrderState
_ENDS = {_S.DONE, _S.CANCELED, _S.REFUSED}
_MOVES = st.lists(
    st.sampled_from(["accepted", "in_progress", "done", "canceled", "refused", "cancel", "forgotten", "never"]),
    max_size=8,
)


def _heed(order: ServiceOrder, state: ServiceOrderState, *, now: datetime = A_MORNING, reason: str = "") -> None:
    order.heed(order_answer(order, state, reason=reason), plan=ERRANDS, now=now)


def test_learns_from_the_region_what_it_is_about() -> None:
    order = make_order(offer=None)

    _heed(order, _S.ACCEPTED)

    assert (order.state, order.offer) == (_S.ACCEPTED, OFFER)
    assert order.errand.due_at is not None
    assert timedelta(seconds=2) <= order.errand.due_at - A_MORNING <= timedelta(seconds=2.5)


def test_is_looked_at_more_seldom_the_longer_nothing_happens_and_often_again_when_something_has() -> None:
    order = make_order()
    pauses = []

    for state in (_S.ACCEPTED, _S.ACCEPTED, _S.ACCEPTED, _S.ACCEPTED, _S.IN_PROGRESS):
        _heed(order, state)
        assert order.errand.due_at is not None
        pauses.append((order.errand.due_at - A_MORNING).total_seconds())

    assert all(wanted <= pause <= wanted * 1.25 for wanted, pause in zip([2, 60, 900, 900, 2], pauses, strict=True))


def test_tells_why_the_region_refuses() -> None:
    order = make_order()
    _heed(order, _S.ACCEPTED)

    _heed(order, _S.REFUSED, reason="SERVICE_NOT_FEASIBLE")

    assert (order.refusal_reason, order.errand.due_at) == ("SERVICE_NOT_FEASIBLE", None)


def test_another_order_or_an_answer_from_the_future_is_no_answer() -> None:
    order = make_order()

    with pytest.raises(RegionAnswerInvalid):
        order.heed(order_answer(make_order(), _S.ACCEPTED), plan=ERRANDS, now=A_MORNING)
    with pytest.raises(RegionAnswerInvalid):
        order.heed(order_answer(order, _S.ACCEPTED, at=A_MORNING + timedelta(hours=1)), plan=ERRANDS, now=A_MORNING)

    assert order.state is _S.REQUESTED


def test_what_is_connected_cannot_be_cancelled() -> None:
    order = make_order()
    _heed(order, _S.DONE)

    with pytest.raises(ServiceOrderDone):
        order.cancel(now=A_MORNING)


def test_what_may_still_be_on_its_way_is_not_called_cancelled() -> None:
    order = make_order()
    order.cancel(now=A_MORNING)

    order.forgotten(plan=ERRANDS, now=A_MORNING + LONGEST_FLIGHT - timedelta(seconds=1))
    assert order.state is _S.CANCELING

    order.forgotten(plan=ERRANDS, now=A_MORNING + LONGEST_FLIGHT)
    assert (order.state, order.errand.due_at) == (_S.CANCELED, None)


def test_one_that_the_region_forgot_is_not_done_and_says_so() -> None:
    order = make_order()
    _heed(order, _S.ACCEPTED)

    order.forgotten(plan=ERRANDS, now=A_MORNING)

    assert (order.state, order.refusal_reason) == (_S.REFUSED, "SERVICE_ORDER_NOT_FOUND")


def test_asks_for_a_request_id_and_a_code_and_holds_a_repetition_to_them() -> None:
    with pytest.raises(RequestIdMissing):
        make_order(request_id="")
    with pytest.raises(FieldInvalid):
        ServiceOrder.request(subscriber_id="s", request_id="r", key=KEY, offer_code="", offer=None, now=A_MORNING)
    with pytest.raises(RequestIdReused):
        make_order().check_same(key=KEY, offer_code="tv-2")


def _apply(order: ServiceOrder, move: str) -> None:
    match move:
        case "cancel":
            order.cancel(now=A_MORNING)
        case "forgotten":
            order.forgotten(plan=ERRANDS, now=A_MORNING)
        case "never":
            order.never(now=A_MORNING)
        case _:
            _heed(order, _S(move))


@given(_MOVES)
def test_whatever_happens_it_ends_once_and_is_due_until_then(moves: list[str]) -> None:
    order = make_order()
    seen = [order.state]

    for move in moves:
        try:
            _apply(order, move)
        except (IllegalMove, RegionAnswerInvalid, ServiceOrderDone):
            assert order.state is seen[-1]
        seen.append(order.state)
        assert (order.errand.due_at is None) == order.is_at_rest == (order.state in _ENDS)

    assert len({state for state in seen if state in _ENDS}) <= 1
