"""From an outbox to an effect over a real broker, with processes and the broker dying on the way."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection

from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay
from services.chassis.publisher import Publisher
from tests.chassis.laboratory import Laboratory
from tests.chassis.things import save_with_events
from tests.support.polling import eventually
from tests.support.servers import Broker, Server

Document = dict[str, Any]


@pytest.fixture
def dispatcher(laboratory: Laboratory) -> Iterator[Dispatcher]:
    """The relay of the publishing service, not yet started."""
    relay = Relay(
        [laboratory.database["things"]],
        publisher=Publisher(laboratory.amqp_url, exchange=laboratory.exchange),
        lease=LeaderLease(laboratory.database["leases"], name="relay", owner="test", ttl_s=1.0),
    )
    subject = Dispatcher([DispatcherLoop("relay", relay.step, idle_s=0.1, on_stop=relay.stop)])
    yield subject
    assert subject.stop(grace_s=20)


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
    laboratory: Laboratory, dispatcher: Dispatcher, broker: Broker
) -> None:
    worker = laboratory.start_worker()
    pid = worker.pid
    dispatcher.start()
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
        assert not missing, (missing, len(_outbox_ids(laboratory)), list(map(laboratory.depth, laboratory.queues)))
        return True

    eventually(everything_has_arrived, timeout_s=40, every_s=0.5)
    assert laboratory.effects() == list(range(300))
    assert _outbox_ids(laboratory) == []
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
    eventually(lambda: laboratory.calls(1) == 2, timeout_s=20)
    laboratory.database["releases"].insert_one({})

    laboratory.send(2)
    eventually(lambda: laboratory.effects() == [1, 2])
    eventually(lambda: laboratory.depth(laboratory.inbox) == 0)
    assert worker.is_running()
    assert worker.pid == pid


def _save_many(laboratory: Laboratory, numbers: range) -> None:
    for number in numbers:
        save_with_events(things_of(laboratory), f"thing_{number}", laboratory.event, range(number, number + 1))


def _outbox_ids(laboratory: Laboratory) -> list[str]:
    return [entry["_id"] for thing in things_of(laboratory).find() for entry in thing["outbox"]]
