"""MongoDB is killed, and kept away, under load: what was acknowledged is kept, what was not is refused honestly."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults.people import Order
from tests.faults.stage import Stage
from tests.support import eventually

_CROWD = 4
_READ = ("/payments", "/billing-accounts", "/payment-methods", "/profile")


def test_a_kill_of_the_database_under_load_loses_no_acknowledged_payment(stage: Stage) -> None:
    orders = stage.orders(24, saved_card=True)
    known = len(stage.acknowledged)

    with ThreadPoolExecutor(_CROWD) as crowd:
        paying = [crowd.submit(stage.insist, order, timeout_s=60) for order in orders]
        eventually(lambda: len(stage.acknowledged) >= known + 6, timeout_s=20)
        stage.kill("mongo")
        payment_ids = [payment.result() for payment in paying]

    stage.settle(payment_ids)
    assert len(set(payment_ids)) == len(orders)


def test_without_the_database_a_payment_is_refused_for_now_and_succeeds_later(stage: Stage) -> None:
    before = stage.insist_on_all(stage.orders(2, saved_card=True))
    stage.settle(before)
    orders = stage.orders(_CROWD, saved_card=True)

    stage.kill("mongo")
    stage.suite.stop("mongo")  # it stays away
    try:
        with ThreadPoolExecutor(_CROWD + len(_READ)) as crowd:
            written = crowd.map(stage.send, orders)
            read = crowd.map(lambda path: stage.read(orders[0].member, path), _READ)
            answers = [*written, *read]
    finally:
        stage.suite.start("mongo")

    refused = [(str(answer.url.path), *_refusal(answer)) for answer in answers]
    assert [answer for answer in refused if answer[1:] != (httpx.codes.SERVICE_UNAVAILABLE, True)] == []
    stage.settle(_paid(stage, orders))


def _paid(stage: Stage, orders: list[Order]) -> list[str]:
    payment_ids = stage.insist_on_all(orders)
    assert len(set(payment_ids)) == len(orders)
    return payment_ids


def _refusal(answer: httpx.Response) -> tuple[int, bool]:
    return answer.status_code, answer.headers.get("retry-after", "").isdigit()
