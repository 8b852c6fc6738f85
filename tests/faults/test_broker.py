"""Whatever becomes of RabbitMQ costs time, never money: MongoDB is the record."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults.stage import Stage
from tests.support import eventually


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
