"""Whatever becomes of RabbitMQ costs time, never money: MongoDB is the record."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.bench.load import open_loop_by_threads
from tests.faults.stage import Stage
from tests.support import eventually

_OUTAGE_S = 60
_PAYMENTS_PER_S = 2
_LONGEST_P99_MS = 1000
_DRAINED_WITHIN_S = 30


def test_a_purge_of_all_queues_leaves_no_kopeck_behind(stage: Stage) -> None:
    orders = stage.orders(40, saved_card=True)
    purged = 0

    with stage.frozen("accounts-worker"), stage.frozen("payments-worker"), ThreadPoolExecutor(1) as crowd:
        paying = crowd.submit(stage.insist_on_all, orders)
        while not paying.done():
            purged += stage.queues.purge()
        eventually(lambda: not stage.books.unpublished(), timeout_s=30)
        purged += stage.queues.purge()

    assert purged > 0, "nothing was lost, so nothing was shown"
    stage.settle(paying.result())


def test_the_api_accepts_payments_while_the_broker_is_dead_and_all_are_posted(stage: Stage) -> None:
    orders = stage.orders(30, saved_card=True)
    stage.wait_until_queues_are_on_disk()

    with ThreadPoolExecutor(4) as crowd:
        early = list(crowd.map(stage.send, orders[:5]))
        stage.kill("rabbitmq")
        late = list(crowd.map(stage.send, orders[5:]))

    answers = early + late
    assert {answer.status_code for answer in answers} == {httpx.codes.CREATED}, [a.text for a in answers if a.is_error]
    stage.suite.start("rabbitmq")
    stage.settle([answer.json()["id"] for answer in answers])


def test_a_broker_without_room_on_its_disk_stops_no_payment(stage: Stage) -> None:
    with stage.queues.without_room():
        payment_ids = _paid_at_the_first_try(stage)
        stage.settle(payment_ids)  # nobody can publish: whoever hears nothing asks
        assert stage.unpublished_payments(set(payment_ids)) == len(payment_ids)

    eventually(lambda: not stage.books.unpublished(), timeout_s=30)
    stage.settle(payment_ids)


def test_a_broker_that_hangs_stops_no_payment(stage: Stage) -> None:
    known = _publishings_given_up(stage)

    with stage.frozen("rabbitmq"):
        payment_ids = _paid_at_the_first_try(stage)
        stage.settle(payment_ids)
        eventually(lambda: _publishings_given_up(stage) > known, timeout_s=30, every_s=0.2)
        payment_ids += _paid_at_the_first_try(stage)

    eventually(lambda: not stage.books.unpublished(), timeout_s=30)
    stage.settle(payment_ids)


@pytest.mark.long
def test_a_minute_without_the_broker_is_seen_by_nobody_who_pays(stage: Stage) -> None:
    stage.wait_until_queues_are_on_disk()
    orders = iter(stage.orders(_OUTAGE_S * _PAYMENTS_PER_S, saved_card=True))
    answers: list[httpx.Response] = []

    with stage.away("rabbitmq"):
        times = open_loop_by_threads(
            lambda: answers.append(stage.send(next(orders))), rate=_PAYMENTS_PER_S, seconds=_OUTAGE_S, threads=8
        )
    eventually(lambda: not stage.books.unpublished() and not stage.queues.not_empty(), timeout_s=_DRAINED_WITHIN_S)

    accepted = [answer.json()["id"] for answer in answers if answer.is_success]
    assert len(accepted) >= 0.99 * len(answers), [answer.text for answer in answers if answer.is_error]
    assert times.p99_ms <= _LONGEST_P99_MS
    stage.settle(accepted)


def _paid_at_the_first_try(stage: Stage) -> list[str]:
    answers = [stage.send(order) for order in stage.orders(6, saved_card=True)]
    assert {answer.status_code for answer in answers} == {httpx.codes.CREATED}, [a.text for a in answers if a.is_error]
    return [answer.json()["id"] for answer in answers]


def _publishings_given_up(stage: Stage) -> int:
    return stage.suite.log("payments").count('"publishing_interrupted"')
