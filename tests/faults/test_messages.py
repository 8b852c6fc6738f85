"""Every message three times and in any order: while payments are under way, and long after they are final."""

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.faults.queues import Queues
from tests.faults.stage import Stage
from tests.support import eventually

_TIMES = 3


class Repeater:
    """Publishes again what it hears, each message once only: its own repetitions it leaves alone."""

    def __init__(self, queues: Queues, random: Random) -> None:
        """What was published before is none of its business."""
        self._queues = queues
        self._random = random
        self._repeated = {_id_of(body) for body in queues.heard()}

    def repeat(self) -> int:
        """Publish what is new three times more, shuffled; return how many messages that were."""
        heard = {_id_of(body): body for body in self._queues.heard()}
        fresh = heard.keys() - self._repeated
        self._repeated |= fresh
        messages = [heard[message_id] for message_id in sorted(fresh)] * _TIMES
        self._random.shuffle(messages)
        self._queues.publish_again(messages)
        return len(messages)


@pytest.fixture
def repeater(stage: Stage) -> Repeater:
    """One that begins to listen now."""
    return Repeater(stage.queues, stage.random)


def _id_of(body: bytes) -> str:
    return str(json.loads(body)["message_id"])


def test_every_message_three_times_and_shuffled_is_one_charge_and_one_posting(stage: Stage, repeater: Repeater) -> None:
    orders = [*stage.orders(12, saved_card=True), *stage.orders(4, saved_card=False)]
    repeated = 0

    with ThreadPoolExecutor(1) as crowd:
        paying = crowd.submit(stage.insist_on_all, orders)
        while not paying.done():
            repeated += repeater.repeat()
        payment_ids = paying.result()
        for payment_id in payment_ids[12:]:
            stage.confirm(payment_id)
        stage.settle(payment_ids)
        eventually(lambda: not stage.books.unpublished(), timeout_s=20)
        repeated += repeater.repeat()

    assert repeated >= 2 * _TIMES * len(orders), "each payment is captured and posted"
    eventually(lambda: not stage.queues.not_empty(), timeout_s=60, every_s=0.2)
    stage.settle(payment_ids)
    assert [stage.charges(payment_id) for payment_id in payment_ids] == [1] * len(orders)


def test_messages_about_what_is_final_write_nothing(stage: Stage, repeater: Repeater) -> None:
    payment_ids = stage.insist_on_all(stage.orders(5, saved_card=True))
    stage.settle_for_good(payment_ids)
    before = [(stage.version(payment_id), stage.books.posting_version(payment_id)) for payment_id in payment_ids]

    assert repeater.repeat() >= 2 * _TIMES * len(payment_ids)

    eventually(lambda: not stage.queues.not_empty(), timeout_s=60, every_s=0.2)
    assert [
        (stage.version(payment_id), stage.books.posting_version(payment_id)) for payment_id in payment_ids
    ] == before
