"""Due work of regions on a real MongoDB: claimed where it can be carried on, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_postings import MongoPostingQueue, MongoPostingRepository, postings_of
from services.accounts.adapters.regional_work import RegionalWork
from services.accounts.domain.account_key import AccountKey
from services.chassis.work import DueWork
from tests.accounts.builders import SettableClock, make_posting

Document = dict[str, Any]


class Lines:
    """Says of regions what a test tells it to; there is room for three unless something else is told."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}
        self.opens: float | None = None

    def rooms(self, most: int, /) -> dict[str, int]:
        return {"54": most, "77": most} | self.told

    def opens_in_s(self) -> float | None:
        return self.opens


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def repository(database: Database[Document], clock: SettableClock) -> MongoPostingRepository:
    subject = MongoPostingRepository(database, clock=clock)
    subject.ensure_indexes()
    return subject


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def work(database: Database[Document], clock: SettableClock, lines: Lines) -> RegionalWork:
    return RegionalWork(DueWork(postings_of(database), owner="test", clock=clock), lines=lines, share=3)


def _due(repository: MongoPostingRepository, clock: SettableClock, region: str) -> None:
    repository.save(make_posting(key=AccountKey(region, "1"), now=clock.now()))


def test_what_is_due_in_a_region_that_is_left_alone_waits_for_it_and_keeps_nobody_back(
    repository: MongoPostingRepository, work: RegionalWork, lines: Lines, clock: SettableClock
) -> None:
    for region in ("54", "54", "77"):
        _due(repository, clock, region)
        clock.advance(seconds=1)
    lines.told = {"54": 0}
    queue = MongoPostingQueue(work)

    claimed = [queue.claim(), queue.claim()]
    assert [posting and posting.key.region for posting in claimed] == ["77", None]

    lines.told = {}
    claimed = [queue.claim(), queue.claim(), queue.claim()]
    assert [posting and (posting.key.region, posting.tries) for posting in claimed] == [("54", 0), ("54", 0), None]


@pytest.mark.parametrize(("told", "at_once"), [({}, 3), ({"54": 1}, 1)])
def test_no_region_has_more_threads_than_it_may_and_one_tries_it(
    repository: MongoPostingRepository,
    work: RegionalWork,
    lines: Lines,
    clock: SettableClock,
    told: dict[str, int],
    at_once: int,
) -> None:
    for _ in range(5):
        _due(repository, clock, "54")
    lines.told = told
    with ThreadPoolExecutor(5, thread_name_prefix="carrying") as threads:
        all_there = Barrier(5)

        def claim() -> Document | None:
            all_there.wait(60)
            return work.claim()

        claimed = [future.result() for future in [threads.submit(claim) for _ in range(5)]]

    assert sum(document is not None for document in claimed) == at_once


def test_a_thread_that_comes_back_has_finished_with_what_it_had(
    repository: MongoPostingRepository, work: RegionalWork, lines: Lines, clock: SettableClock
) -> None:
    for _ in range(3):
        _due(repository, clock, "54")
    lines.told = {"54": 1}

    assert work.claim() is not None
    assert work.next_waits_s() == [0.0, 0.0]
    assert all(work.claim() is not None for _ in range(2))


def test_sleeps_until_work_is_due_or_a_region_may_be_tried(
    repository: MongoPostingRepository, work: RegionalWork, lines: Lines, clock: SettableClock
) -> None:
    assert work.next_waits_s() == []
    _due(repository, clock, "54")
    _due(repository, clock, "77")
    assert work.next_waits_s() == [0.0, 0.0]

    lines.told, lines.opens = {"54": 0, "77": 0}, 0.7
    assert work.next_waits_s() == [0.7]

    lines.told = {"54": 0}
    assert work.next_waits_s() == [0.0, 0.7]

    lines.told, lines.opens = {"54": 0, "77": 0}, None
    assert work.next_waits_s() == []


def test_looks_for_work_in_the_index_alone(
    repository: MongoPostingRepository, work: RegionalWork, lines: Lines, clock: SettableClock, database: Database[Any]
) -> None:
    for _ in range(20):
        _due(repository, clock, "54")
    lines.told = {"54": 0}
    clock.advance(seconds=timedelta(minutes=1).total_seconds())
    database.command("profile", 2)
    try:
        assert work.next_waits_s() == []
    finally:
        database.command("profile", 0)

    (look,) = database["system.profile"].find({"op": "query", "command.find": "postings"})
    assert (look["docsExamined"], look["keysExamined"] <= 21) == (0, True)
