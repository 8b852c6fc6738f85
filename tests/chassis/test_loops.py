"""Loops that work while there is something to do, wake at once, survive what their steps raise and stop when asked."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.changes import ChangeStreamWaker
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.mongo import connect, save_versioned
from services.chassis.work import DueWork, work_fields
from tests.chassis.clocks import FakeClock
from tests.support.polling import eventually
from tests.support.servers import Mongo

Document = dict[str, Any]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Start = Callable[[DispatcherLoop], DispatcherLoop]


class Pile:
    """So many items, and a step that takes one."""

    def __init__(self, items: int) -> None:
        self._lock = threading.Lock()
        self._items = items
        self.calls = 0

    def add(self, items: int) -> None:
        with self._lock:
            self._items += items

    def take(self) -> bool:
        with self._lock:
            self.calls += 1
            found = self._items > 0
            self._items -= int(found)
            return found

    @property
    def items(self) -> int:
        return self._items

    @property
    def is_empty(self) -> bool:
        return self._items == 0


class DueNever:
    """Nothing is ever due."""

    collection_name = "things"
    looks = 0

    def next_waits_s(self) -> Sequence[float]:
        self.looks += 1
        return ()

    def seconds_until(self, due_at: datetime, /) -> float:
        return (due_at - NOW).total_seconds()


class DueInPile(DueNever):
    """What is in the pile is due."""

    def __init__(self, pile: Pile) -> None:
        self._pile = pile

    def next_waits_s(self) -> Sequence[float]:
        self.looks += 1
        return (0.0,) * min(2, self._pile.items)


class DueOneAfterTheOther(DueNever):
    """What it is told to say, look after look."""

    def __init__(self) -> None:
        self.waits: list[Sequence[float]] = []
        self.taken = 0

    def next_waits_s(self) -> Sequence[float]:
        self.looks += 1
        return self.waits.pop(0) if self.waits else ()


class DueNextTime(DueNever):
    """Nothing is due for ten milliseconds whenever something was."""

    def __init__(self) -> None:
        self._is_due = True

    def next_waits_s(self) -> Sequence[float]:
        self._is_due = not self._is_due
        return (0.0 if self._is_due else 0.01,)


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[DispatcherLoop] = []

    def run(loop: DispatcherLoop) -> DispatcherLoop:
        started.append(loop)
        loop.start()
        return loop

    yield run
    for loop in started:
        loop.ask_to_stop()
        assert loop.join(30)


def test_repeats_the_step_while_it_finds_something_and_then_sleeps(start: Start) -> None:
    pile = Pile(100)

    start(DispatcherLoop("pile", pile.take, idle_s=60))

    eventually(lambda: pile.calls == 101)
    assert pile.is_empty


def test_wakes_when_called_long_before_it_would_have_looked(start: Start) -> None:
    pile = Pile(0)
    loop = start(DispatcherLoop("pile", pile.take, idle_s=60))
    eventually(lambda: pile.calls == 1)

    pile.add(3)
    loop.wake()

    eventually(lambda: pile.is_empty)


def test_looks_again_after_its_idle_time_when_nobody_calls(start: Start) -> None:
    pile = Pile(0)
    start(DispatcherLoop("pile", pile.take, idle_s=0.05))
    eventually(lambda: pile.calls >= 1)

    pile.add(1)

    eventually(lambda: pile.is_empty)


def test_sleeps_no_longer_than_until_the_next_item_is_due(start: Start) -> None:
    pile = Pile(0)

    start(DispatcherLoop("pile", pile.take, idle_s=60, due=DueNextTime()))

    eventually(lambda: pile.calls >= 3)


def test_is_not_roused_for_what_is_due_after_its_next_look_anyway(start: Start) -> None:
    nothing = DueNever()
    loop = start(DispatcherLoop("nothing", lambda: False, idle_s=60, due=nothing))
    eventually(lambda: nothing.looks == 1)

    for seconds in (60.1, 3600):
        loop.wake(NOW + timedelta(seconds=seconds))
    time.sleep(0.1)
    looks_for_later = nothing.looks
    loop.wake(NOW + timedelta(seconds=60))

    eventually(lambda: nothing.looks == 2)
    assert looks_for_later == 1


def test_a_step_that_raises_is_tried_again_and_the_loop_lives(start: Start) -> None:
    failures_left = [2]
    pile = Pile(1)

    def step() -> bool:
        if failures_left[0]:
            failures_left[0] -= 1
            raise RuntimeError("no")
        return pile.take()

    loop = start(DispatcherLoop("pile", step, idle_s=60))

    eventually(lambda: pile.is_empty)
    assert loop.is_alive


def test_one_call_rouses_as_many_threads_as_there_is_work_for(start: Start) -> None:
    barrier = threading.Barrier(3)
    pile = Pile(0)

    def step() -> bool:
        found = pile.take()
        if found:
            barrier.wait(30)  # passed only by three at once
        return found

    loop = start(DispatcherLoop("pile", step, idle_s=60, concurrency=3))
    eventually(lambda: pile.calls == 3)

    pile.add(6)
    for _ in range(3):
        loop.wake()

    eventually(lambda: pile.is_empty)


def test_who_sees_work_for_two_rouses_another(start: Start) -> None:
    pile, barrier = Pile(0), threading.Barrier(3)

    def step() -> bool:
        found = pile.take()
        if found:
            barrier.wait(30)  # passed only by three at once
        return found

    due = DueInPile(pile)
    loop = start(DispatcherLoop("pile", step, idle_s=60, concurrency=3, due=due))
    eventually(lambda: due.looks == 3)

    pile.add(3)
    loop.wake()

    eventually(lambda: barrier.n_waiting == 0 and pile.is_empty)
    assert pile.calls == 3


def test_while_one_thread_is_busy_another_looks_when_the_next_piece_is_due(start: Start) -> None:
    due, leave = DueOneAfterTheOther(), threading.Event()

    def step() -> bool:
        due.taken += 1
        leave.wait(60)  # longer than anybody waits for the other one
        return True

    loop = start(DispatcherLoop("pile", step, idle_s=60, concurrency=2, due=due))
    eventually(lambda: due.looks == 2)
    due.waits = [(0.0, 0.05), (0.0,)]
    loop.wake()

    eventually(lambda: due.taken == 2)
    leave.set()


def test_when_it_is_time_to_look_one_of_the_threads_does(start: Start) -> None:
    nothing = DueNever()
    start(DispatcherLoop("nothing", lambda: False, idle_s=0.2, concurrency=8, due=nothing))
    eventually(lambda: nothing.looks >= 8)
    before, began_at = nothing.looks, time.monotonic()

    eventually(lambda: nothing.looks >= before + 4)

    assert time.monotonic() - began_at >= 0.4, "each thread has looked by itself"


def test_for_one_piece_of_work_nobody_else_is_roused(start: Start) -> None:
    pile = Pile(0)
    due = DueInPile(pile)
    loop = start(DispatcherLoop("pile", pile.take, idle_s=60, concurrency=3, due=due))
    eventually(lambda: due.looks == 3)

    pile.add(1)
    loop.wake()
    eventually(lambda: due.looks == 5)
    time.sleep(0.1)

    assert (pile.calls, due.looks) == (1, 5)


def test_stopping_waits_for_the_step_under_way_and_tidies_afterwards() -> None:
    entered, leave, order = threading.Event(), threading.Event(), list[str]()

    def step() -> bool:
        entered.set()
        leave.wait(30)
        order.append("step")
        return True

    dispatcher = Dispatcher([DispatcherLoop("slow", step, on_stop=lambda: order.append("tidied"))])
    dispatcher.start()
    assert entered.wait(30)

    assert not dispatcher.stop(grace_s=0.05)
    leave.set()
    assert dispatcher.stop(grace_s=30)

    assert order == ["step", "tidied"]
    assert not dispatcher.is_alive


def test_a_write_wakes_the_loop_of_its_field_and_no_other(database: Database[Document], start: Start) -> None:
    database.create_collection("things")
    waker = ChangeStreamWaker(database)
    of_work, of_outbox = threading.Event(), threading.Event()
    waker.subscribe("work", lambda _: of_work.set())
    waker.subscribe("outbox", lambda _: of_outbox.set())
    waker.start()
    try:
        assert of_work.wait(30)  # a new stream wakes everybody
        assert of_outbox.wait(30)
        of_work.clear()
        of_outbox.clear()

        save_versioned(database["things"], document_id="a", version=0, document=work_fields(NOW))
        assert of_work.wait(30)
        assert not of_outbox.is_set()
        of_work.clear()
        save_versioned(database["things"], document_id="a", version=1, document={}, outbox=[{"_id": "evt_1"}])

        assert of_outbox.wait(30)
        assert not of_work.is_set()
    finally:
        waker.stop()


def test_neither_a_claim_nor_an_end_nor_an_emptied_outbox_nor_another_collection_wakes(
    database: Database[Document],
) -> None:
    things, others = database.create_collection("things"), database.create_collection("others")
    wakes: list[str] = []
    seen_all = threading.Event()
    waker = ChangeStreamWaker(database)
    waker.subscribe("work", lambda _: wakes.append("work"), collection="things")
    waker.subscribe("outbox", lambda _: wakes.append("outbox"))
    waker.subscribe("seen", lambda _: seen_all.set())
    waker.start()
    try:
        assert seen_all.wait(30)  # a new stream wakes everybody
        wakes.clear()
        seen_all.clear()
        due = DueWork(things, owner="a", clock=FakeClock(NOW))

        save_versioned(others, document_id="b", version=0, document=work_fields(NOW))
        save_versioned(things, document_id="a", version=0, document=work_fields(NOW))  # wakes
        assert due.claim() is not None
        save_versioned(things, document_id="a", version=2, document=work_fields(None), outbox=[{"_id": "evt_1"}])
        things.update_one({"_id": "a"}, {"$pull": {"outbox": {"_id": "evt_1"}}})
        others.insert_one({"_id": "c", "seen": 1})

        assert seen_all.wait(30)
        assert wakes == ["work", "outbox"]
    finally:
        waker.stop()


def test_a_wake_up_says_when_the_work_is_due(database: Database[Document]) -> None:
    things = database.create_collection("things")
    told: list[datetime | None] = []
    waker = ChangeStreamWaker(database)
    waker.subscribe("work", told.append)
    waker.start()
    try:
        eventually(lambda: told == [None])  # a new stream wakes everybody

        save_versioned(things, document_id="a", version=0, document=work_fields(NOW))
        save_versioned(things, document_id="a", version=1, document=work_fields(NOW + timedelta(days=1)))
        things.update_one({"_id": "a"}, {"$set": {"work.due_at": NOW}})

        eventually(lambda: len(told) == 4)
        assert told[1:] == [NOW, NOW + timedelta(days=1), None]
    finally:
        waker.stop()


def test_the_waker_survives_a_restart_of_mongodb(mongo: Mongo) -> None:
    with connect(mongo.url, app_name="test") as client:
        database = client["waker"]
        woken = threading.Event()
        waker = ChangeStreamWaker(database)
        waker.subscribe("work", lambda _: woken.set())
        waker.start()
        try:
            assert woken.wait(30)
            mongo.kill()
            mongo.start()
            woken.clear()

            save_versioned(database["things"], document_id="a", version=0, document=work_fields(NOW))

            assert woken.wait(30)
        finally:
            waker.stop()
            client.drop_database("waker")
