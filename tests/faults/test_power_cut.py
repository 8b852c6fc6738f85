"""Processes are killed in the midst of a load, one kind at a time and all at once: the books balance afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.people import Order
from tests.faults.processes import parts_of
from tests.faults.stage import REGIONS, Stage
from tests.support import eventually

pytestmark = pytest.mark.timeout(600)  # everything starts again, and the machine may be busy

_CROWD = 4


@pytest.mark.parametrize("names", [["gateway"], ["identity"], ["acquirer"], list(REGIONS.values())], ids=lambda n: n[0])
def test_a_kill_under_load_loses_nothing_and_doubles_nothing(stage: Stage, names: list[str]) -> None:
    orders = [*stage.orders(6, saved_card=True), *stage.orders(6, saved_card=False)]

    _pay_through(stage, orders, names)


def test_a_power_cut_under_load_loses_nothing_and_doubles_nothing(stage: Stage) -> None:
    orders = [*stage.orders(12, saved_card=True), *stage.orders(6, saved_card=False)]
    stage.wait_until_queues_are_on_disk()

    _pay_through(stage, orders, parts_of(stage.suite))


def _pay_through(stage: Stage, orders: list[Order], names: list[str]) -> None:
    """Kill after about a third of the orders was acknowledged; nobody gives up."""
    known = len(stage.acknowledged)
    stage.random.shuffle(orders)
    with ThreadPoolExecutor(_CROWD) as crowd:
        paying = [crowd.submit(stage.insist, order, timeout_s=200) for order in orders]
        eventually(lambda: len(stage.acknowledged) >= known + len(orders) // 3, timeout_s=60)
        stage.kill_at_once(names)
        payment_ids = [payment.result() for payment in paying]
    stage.recover()
    for payment_id, order in zip(payment_ids, orders, strict=True):
        if not order.saved_card:
            stage.confirm(payment_id)

    stage.settle(payment_ids, timeout_s=200)
    assert len(set(payment_ids)) == len(orders)
