"""From an outbox to an effect over a real broker, with processes and the broker dying on the way."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pika.exceptions import AMQPError
from pymongo.collection import Collection

from deploy.local import rabbit
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay
from services.chassis.publisher import Publisher
from tests.chassis.laboratory import Laboratory
from tests.chassis.things import save_with_events
from tests.support.polling import eventually
from tests.support.servers import Broker, Server

Document = dict[str, Any]
_LAST_LINES = 40


@pytest.fixture
def dispatcher(laboratory: Laboratory) -> Iterator[Dispatcher]:
    """The relay of the publishing service, not yet started."""
    yield from _relaying(laboratory, timeout_s=30)


@pytest.fixture
def impatient_dispatcher(laboratory: Laboratory) -> Iterator[Dispatcher]:
    """The same with a relay that soon publishes anew what a broker on its way up does not confirm."""
    yield from _relaying(laboratory, timeout_s=2)


def _relaying(laboratory: Laboratory, *, timeout_s: float) -> Iterator[Dispatcher]:
    relay = Relay(
        [laboratory.database["things"]],
        publisher=Publisher(laboratory.amqp_url, exchange=laboratory.exchange, timeout_s=timeout_s),
        lease=LeaderLease(laboratory.database["leases"], name="relay", owner="test", ttl_s=1.0),
    )
    subject = Dispatcher([DispatcherLoop("relay", relay.step, idle_s=0.1, on_stop=relay.stop)])
    yield subject
    assert subject.stop(grace_s=40)


def things_of(laboratory: Laboratory) -> Collection[Document]:
    return laboratory.database["things"]


def test_events_flow_from_the_outbox_to_their_effect(laboratory: Laboratory, dispatcher: Dispatcher) -> None:
    laboratory.start_worker()
    dispatcher.start()

    for number in range(20):
        save_with_events(things_of(laboratory), f"thing_{number}", laboratory.event, range(number * 2, number * 2 + 2))

    eventually(lambda: laboratory.effects() == list(range(40)))


def test_a_relay_killed_after_the_confirm_publishes_again_and_leaves_one_effect(
    laboratory: Laboratory, dispatcher: Dispatcher, tmp_path: Path
) -> None:
    laboratory.start_worker()
    message_ids = save_with_events(things_of(laboratory), "thing_a", laboratory.event, range(5))
    mortal = Server(
        [sys.executable, "-m", "tests.chassis.relay_process"],
        log=tmp_path / "relay.log",
        environment={
            "MONGO_URL": laboratory.mongo_url,
            "MONGO_DATABASE": laboratory.database.name,
            "AMQP_URL": laboratory.amqp_url,
            "EXCHANGE": laboratory.exchange,
            "CONFIRMS_TO_LIVE": "3",
        },
    )
    mortal.start()
    eventually(lambda: not mortal.is_running())
    assert _outbox_ids(laboratory) == message_ids

    dispatcher.start()
    eventually(lambda: _outbox_ids(laboratory) == [])

    eventually(lambda: sum(laboratory.calls(number) for number in range(5)) == 8)
    eventually(lambda: laboratory.effects() == [0, 1, 2, 3, 4])
    assert laboratory.dead_letters() == []
    assert {call["message_id"] for call in laboratory.database["calls"].find()} == set(message_ids)


@pytest.mark.skipif("AMQP_URL" in os.environ, reason="only a broker of this run's own may be killed")
def test_a_broker_killed_and_started_again_loses_nothing(
    laboratory: Laboratory, impatient_dispatcher: Dispatcher, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = laboratory.start_worker()
    pid = worker.pid
    impatient_dispatcher.start()
    save_with_events(things_of(laboratory), "thing_first", laboratory.event, range(0, 1))
    eventually(lambda: laboratory.effects() == [0])
    for queue in laboratory.queues:
        broker.wait_until_remembered(queue)
    producer = threading.Thread(target=_save_many, args=(laboratory, range(1, 300)))
    producer.start()
    eventually(lambda: len(laboratory.effects()) > 50)

    broker.kill()
    producer.join()
    broker.start()

    def everything_has_arrived() -> bool:
        missing = sorted(set(range(300)) - set(laboratory.effects()))
        assert (missing, _outbox_ids(laboratory)) == ([], [])
        return True

    try:
        eventually(lambda: rabbit.has_consumer(broker.url, laboratory.inbox), timeout_s=90, every_s=0.5)
        eventually(everything_has_arrived, timeout_s=90, every_s=0.5)
    except AssertionError as complaint:
        raise AssertionError(_circumstances(laboratory, tmp_path_factory.getbasetemp())) from complaint
    assert laboratory.effects() == list(range(300))
    assert laboratory.dead_letters() == []
    assert worker.is_running()
    assert worker.pid == pid


@pytest.mark.skipif("AMQP_URL" in os.environ, reason="only a broker of this run's own may be killed")
def test_a_connection_lost_during_a_handler_costs_a_second_call_and_no_restart(
    laboratory: Laboratory, broker: Broker
) -> None:
    worker = laboratory.start_worker()
    pid = worker.pid
    laboratory.send(1, "wait")
    eventually(lambda: laboratory.calls(1) == 1)
    for queue in laboratory.queues:
        broker.wait_until_remembered(queue)

    broker.kill()
    broker.start()
    eventually(lambda: laboratory.calls(1) == 2, timeout_s=90)
    laboratory.database["releases"].insert_one({})

    laboratory.send(2)
    eventually(lambda: laboratory.effects() == [1, 2])
    eventually(lambda: laboratory.depth(laboratory.inbox) == 0)
    assert worker.is_running()
    assert worker.pid == pid


def _save_many(laboratory: Laboratory, numbers: range) -> None:
    for number in numbers:
        save_with_events(things_of(laboratory), f"thing_{number}", laboratory.event, range(number, number + 1))


def _circumstances(laboratory: Laboratory, folder: Path) -> str:
    """Tell where messages may be that have not arrived. Kills the workers: what they have not answered is back then."""
    told = [
        f"in the outbox: {len(_outbox_ids(laboratory))}, effects: {len(laboratory.effects())}",
        f"workers running: {[worker.is_running() for worker in laboratory.workers]}",
        f"consumers of the inbox: {_answer_or_error(laboratory.consumers)}",
        f"ready: {_answer_or_error(lambda: {queue: laboratory.depth(queue) for queue in laboratory.queues})}",
    ]
    for worker in laboratory.workers:
        worker.kill()
    with suppress(AssertionError, AMQPError):
        eventually(lambda: laboratory.consumers() == 0)
    told.append(f"ready in the inbox without workers: {_answer_or_error(lambda: laboratory.depth(laboratory.inbox))}")
    logs = [laboratory.log, *(log.read_text() for log in folder.glob("rabbit*/rabbitmq.out"))]
    return "\n".join([*told, *map(_tail, logs)])


def _tail(log: str) -> str:
    """Return a log's last lines, without the timer that fails all the time."""
    lines = [line for line in log.splitlines() if "timer_failed" not in line]
    return "\n".join(["...", *lines[-_LAST_LINES:]])


def _answer_or_error(question: Callable[[], object]) -> object:
    try:
        return question()
    except AMQPError as error:
        return error


def _outbox_ids(laboratory: Laboratory) -> list[str]:
    return [entry["_id"] for thing in things_of(laboratory).find() for entry in thing["outbox"]]
