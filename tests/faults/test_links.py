"""Each link of the way that money goes is spoiled while people pay: nobody waits for ever, and no kopeck is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.faults.links import LINKS, Links
from tests.faults.people import Order
from tests.faults.stage import Stage
from tests.faults.tcp_proxy import Fault, TcpProxy
from tests.support import eventually

pytestmark = pytest.mark.long
_FAULTS = {
    "slow": Fault(delay_s=0.2),
    "black hole": Fault(swallows_requests=True, swallows_answers=True),
    "cut in the midst of an answer": Fault(cut_after=40),
    "answers dropped": Fault(swallows_answers=True),
}
_ANSWERED_WITHIN_S = 12.0  # the longest deadline of a payment is 8 s; the rest is for a busy machine


@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("link", LINKS)
def test_people_pay_over_a_spoiled_link(stage: Stage, links: Links, link: str, fault: str) -> None:
    orders = [*stage.orders(3, saved_card=True), *stage.orders(1, saved_card=False)]

    with _spoiled(links.proxies(link), _FAULTS[fault]) as proxies:
        with ThreadPoolExecutor(len(orders)) as crowd:
            longest_s = max(crowd.map(lambda order: _seconds(stage, order), orders))
        eventually(lambda: any(proxy.hits for proxy in proxies), timeout_s=20)

    assert longest_s < _ANSWERED_WITHIN_S
    payment_ids = stage.insist_on_all(orders)
    stage.confirm(payment_ids[-1])
    stage.settle(payment_ids)
    assert [stage.charges(payment_id) for payment_id in payment_ids] == [1] * len(orders)


@contextmanager
def _spoiled(proxies: list[TcpProxy], fault: Fault) -> Iterator[list[TcpProxy]]:
    with ExitStack() as spoiling:
        for proxy in proxies:
            spoiling.enter_context(proxy.spoiled(fault))
        yield proxies


def _seconds(stage: Stage, order: Order) -> float:
    """Send an order once and return how long that took; what was answered is not of interest, but that it was."""
    answer = stage.send(order)
    assert answer.is_success or answer.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.CONFLICT}, (
        answer.text
    )
    return answer.elapsed.total_seconds()
