"""The relay: all that was saved is published, in order, and leaves the outbox only after the broker's confirm."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.events import decode
from services.chassis.leases import LeaderLease
from services.chassis.loops import Wake
from services.chassis.outbox import Relay, ensure_outbox_index, relay_loop
from services.chassis.publisher import OutgoingMessage, PublishFailed
from tests.chassis.things import save_with_events
from tests.support.polling import eventually

Document = dict[str, Any]
NAME = "things.thing_happened.v1"


@dataclass(slots=True)
class FakePublisher:
    """Remembers what it was given; fails when told to."""

    confirms_left: int = 10_000
    published: list[tuple[str, int]] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    closed: bool = False

    def publish(self, messages: Sequence[OutgoingMessage], /) -> frozenset[str]:
        return frozenset(message.message_id for message in messages if self._take(message))

    def _take(self, message: OutgoingMessage) -> bool:
        if self.confirms_left == 0:
            return False
        self.confirms_left -= 1
        envelope = decode(message.body)
        assert (envelope.name, envelope.message_id) == (message.name, message.message_id)
        self.published.append((envelope.aggregate_id, envelope.data["number"]))
        self.message_ids.append(message.message_id)
        return True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def things(database: Database[Document]) -> Collection[Document]:
    ensure_outbox_index(database["things"])
    return database["things"]


class HandWaker:
    """Tells subscribers when it is told to, in the order in which they came."""

    def __init__(self) -> None:
        self._wakes: list[tuple[str | None, Wake]] = []

    @property
    def subscribed(self) -> list[str | None]:
        return [collection for collection, _ in self._wakes]

    def subscribe(self, field: str, wake: Wake, /, *, collection: str | None = None) -> None:
        assert field == "outbox"
        self._wakes.append((collection, wake))

    def tell(self, written: str) -> None:
        for collection, wake in self._wakes:
            if collection in (None, written):
                wake(None)

    def start(self) -> None: ...

    def stop(self) -> None: ...


def make_relay(
    collections: Sequence[Collection[Document]], publisher: FakePublisher, owner: str = "first", batch: int = 100
) -> Relay:
    lease = LeaderLease(collections[0].database["leases"], name="relay", owner=owner)
    return Relay(collections, publisher=publisher, lease=lease, batch=batch)


def pending(things: Collection[Document]) -> int:
    return sum(len(thing["outbox"]) for thing in things.find())


def test_publishes_the_events_of_each_aggregate_in_their_order_and_empties_the_outbox(
    things: Collection[Document],
) -> None:
    message_ids = [save_with_events(things, f"thing_{letter}", NAME, range(3)) for letter in "ab"]
    publisher = FakePublisher()
    relay = make_relay([things], publisher)

    assert relay.step()
    assert not relay.step()

    assert [number for thing, number in publisher.published if thing == "thing_a"] == [0, 1, 2]
    assert [number for thing, number in publisher.published if thing == "thing_b"] == [0, 1, 2]
    assert sorted(publisher.message_ids) == sorted(chain.from_iterable(message_ids))
    assert pending(things) == 0
    assert {(thing["version"], thing["colour"]) for thing in things.find()} == {(1, "red")}


def test_what_was_not_confirmed_stays_and_is_published_next_with_the_same_ids(things: Collection[Document]) -> None:
    message_ids = save_with_events(things, "thing_a", NAME, range(4))
    publisher = FakePublisher(confirms_left=2)
    relay = make_relay([things], publisher)

    with pytest.raises(PublishFailed):
        relay.step()
    assert pending(things) == 2
    publisher.confirms_left = 10
    relay.step()

    assert publisher.message_ids == message_ids
    assert pending(things) == 0


def test_more_than_a_batch_takes_more_steps_and_loses_nothing(things: Collection[Document]) -> None:
    for number in range(7):
        save_with_events(things, f"thing_{number}", NAME, range(2))
    publisher = FakePublisher()
    relay = make_relay([things], publisher, batch=3)

    steps = [relay.step() for _ in range(4)]

    assert steps == [True, True, True, False]
    assert len(publisher.published) == 14


def test_only_the_leader_publishes_and_another_leads_when_it_stops(things: Collection[Document]) -> None:
    first, second = FakePublisher(), FakePublisher()
    leader, follower = make_relay([things], first, "first"), make_relay([things], second, "second")
    leader.step()
    save_with_events(things, "thing_a", NAME, range(2))

    assert not follower.step()
    leader.stop()
    assert follower.step()

    assert first.closed
    assert first.published == []
    assert len(second.published) == 2


def test_asking_reads_the_index_of_waiting_documents_only(things: Collection[Document]) -> None:
    for number in range(200):
        save_with_events(things, f"thing_{number}", NAME, range(0))
    save_with_events(things, "thing_a", NAME, range(1))
    relay = make_relay([things], FakePublisher())
    things.database.command("profile", 2)

    assert relay.step()

    things.database.command("profile", 0)
    [find] = things.database["system.profile"].find({"op": "query", "command.find": "things"})
    assert find["planSummary"].startswith("IXSCAN")
    assert find["docsExamined"] == 1


def test_a_note_has_the_next_steps_look_there_until_it_is_empty_and_then_everywhere(
    things: Collection[Document],
) -> None:
    others = things.database["others"]
    publisher = FakePublisher()
    relay = make_relay([things, others], publisher)
    relay.step()
    for collection, name in ((things, "thing_a"), (others, "other_a")):
        save_with_events(collection, name, NAME, range(1))

    relay.note("things")
    steps = [relay.step() for _ in range(2)]
    published_first = list(publisher.published)
    relay.step()

    assert steps == [True, False]
    assert published_first == [("thing_a", 0)]
    assert publisher.published == [("thing_a", 0), ("other_a", 0)]


def test_what_could_not_be_published_is_looked_for_again_whatever_is_noted_meanwhile(
    things: Collection[Document],
) -> None:
    others = things.database["others"]
    publisher = FakePublisher(confirms_left=0)
    relay = make_relay([things, others], publisher)
    save_with_events(things, "thing_a", NAME, range(1))
    with pytest.raises(PublishFailed):
        relay.step()

    publisher.confirms_left = 10
    relay.note("others")
    relay.step()

    assert publisher.published == [("thing_a", 0)]


def test_its_loop_is_woken_after_the_relay_was_told_where_to_look(things: Collection[Document]) -> None:
    database = things.database
    others = database["others"]
    publisher = FakePublisher()
    waker = HandWaker()
    loop = relay_loop(make_relay([things, others], publisher), waker)
    loop.start()
    try:
        for number, collection in enumerate([others, things, others]):
            save_with_events(collection, f"thing_{number}", NAME, range(1))
            waker.tell(collection.name)
        eventually(lambda: len(publisher.published) == 3)
    finally:
        loop.ask_to_stop()
        assert loop.join(5)

    assert waker.subscribed == ["things", "others", None]
