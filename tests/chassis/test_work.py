"""Due work is claimed by one at a time, found again after a crash, and never finished by a zombie."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pymongo.monitoring
import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.chassis.loops import DispatcherLoop
from services.chassis.mongo import save_versioned
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from tests.chassis.clocks import FakeClock
from tests.support.polling import eventually
from tests.support.servers import Server

Document = dict[str, Any]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class SentCommands(pymongo.monitoring.CommandListener):
    """The names of the commands that a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def things(database: Database[Document]) -> Collection[Document]:
    ensure_work_index(database["things"])
    return database["things"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def lease_clock() -> FakeClock:
    return FakeClock(NOW)


def make_work(things: Collection[Document], clock: FakeClock, lease_clock: FakeClock, owner: str = "a") -> DueWork:
    return DueWork(things, owner=owner, clock=clock, lease_s=60, lease_clock=lease_clock)


def add(things: Collection[Document], thing_id: str, due_at: datetime | None) -> None:
    save_versioned(things, document_id=thing_id, version=0, document=work_fields(due_at))


def test_two_dispatchers_do_each_of_500_items_exactly_once(
    things: Collection[Document], database: Database[Document], mongo_url: str, tmp_path: Path
) -> None:
    for number in range(500):
        add(things, f"thing_{number}", NOW - timedelta(seconds=number))
    environment = {"MONGO_URL": mongo_url, "MONGO_DATABASE": database.name, "OWNERS": "2"}
    dispatchers = [
        Server(
            [sys.executable, "-m", "tests.chassis.work_process"],
            log=tmp_path / f"{owner}.log",
            environment=environment | {"OWNER": owner},
        )
        for owner in ("first", "second")
    ]

    for dispatcher in dispatchers:
        dispatcher.start()
    eventually(lambda: not any(dispatcher.is_running() for dispatcher in dispatchers), timeout_s=60)

    done = list(database["done"].find())
    assert len(done) == 500
    assert {entry["thing"] for entry in done} == {f"thing_{number}" for number in range(500)}
    assert {entry["owner"] for entry in done} == {"first", "second"}
    assert {path.read_text() for path in tmp_path.glob("*.log")} == {""}


def test_claims_what_is_longest_due_and_nothing_before_its_time(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    add(things, "later", NOW + timedelta(seconds=1))
    add(things, "due", NOW)
    add(things, "overdue", NOW - timedelta(hours=1))
    add(things, "final", None)
    work = make_work(things, clock, lease_clock)

    claimed = [work.claim() for _ in range(3)]

    assert [thing and thing["_id"] for thing in claimed] == ["overdue", "due", None]
    assert claimed[0] is not None
    assert due_at_of(claimed[0]) == NOW - timedelta(hours=1)
    assert claimed[0]["work"]["leased_by"] == "a"
    assert claimed[0]["version"] == 2


def test_work_of_a_crashed_claimer_is_claimed_again_when_its_lease_is_over(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    add(things, "thing", NOW)
    crashed, other = (make_work(things, clock, lease_clock, owner) for owner in ("crashed", "other"))
    assert crashed.claim() is not None

    lease_clock.advance(timedelta(seconds=59))
    assert other.claim() is None
    lease_clock.advance(timedelta(seconds=2))

    claimed = other.claim()
    assert claimed is not None
    assert claimed["work"]["leased_by"] == "other"


def test_the_late_save_of_a_zombie_is_refused(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    add(things, "thing", NOW)
    zombie = make_work(things, clock, lease_clock, "zombie").claim()
    lease_clock.advance(timedelta(seconds=61))
    living = make_work(things, clock, lease_clock, "living").claim()
    assert zombie is not None
    assert living is not None

    with pytest.raises(VersionConflict):
        save_versioned(things, document_id="thing", version=zombie["version"], document=work_fields(None))

    save_versioned(things, document_id="thing", version=living["version"], document=work_fields(None))


def test_a_month_ahead_makes_work_due_but_nobody_dead(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    add(things, "under_way", NOW)
    add(things, "next_month", NOW + timedelta(days=30))
    work = make_work(things, clock, lease_clock)
    work.claim()

    clock.advance(timedelta(days=40))

    claimed = work.claim()
    assert claimed is not None
    assert claimed["_id"] == "next_month"
    assert work.claim() is None


def test_says_how_long_nothing_is_to_be_done(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    work = make_work(things, clock, lease_clock)
    assert work.next_waits_s() == []

    add(things, "later", NOW + timedelta(seconds=7))
    assert work.next_waits_s() == [7.0]

    add(things, "overdue", NOW - timedelta(seconds=7))
    assert work.next_waits_s() == [0.0, 7.0]

    add(things, "much later", NOW + timedelta(seconds=70))
    assert work.next_waits_s() == [0.0, 7.0]


def test_a_loop_looks_once_and_claims_nothing_while_nothing_is_due(
    database: Database[Document], mongo_url: str, clock: FakeClock, lease_clock: FakeClock
) -> None:
    add(database["things"], "later", NOW + timedelta(days=1))
    sent = SentCommands()
    with pymongo.MongoClient[Document](mongo_url, event_listeners=[sent]) as client:
        work = make_work(client[database.name]["things"], clock, lease_clock)
        loop = DispatcherLoop("things", lambda: work.claim() is not None, due=work, idle_s=60)

        loop.start()
        eventually(lambda: "find" in sent.names)
        loop.wake()
        eventually(lambda: sent.names.count("find") == 2)
        loop.ask_to_stop()
        assert loop.join(30)

    assert sent.names.count("find") == 2
    assert "findAndModify" not in sent.names


def test_claiming_reads_the_index_of_due_work_only(
    things: Collection[Document], clock: FakeClock, lease_clock: FakeClock
) -> None:
    for number in range(200):
        add(things, f"final_{number}", None)
    add(things, "due", NOW)
    database = things.database
    database.command("profile", 2)

    make_work(things, clock, lease_clock).claim()

    database.command("profile", 0)
    [claim] = database["system.profile"].find({"command.findAndModify": "things"})
    assert claim["keysExamined"] <= 2
    assert claim["docsExamined"] <= 2
