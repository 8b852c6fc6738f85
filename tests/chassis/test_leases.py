"""One leader at a time, and another one after it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.leases import LeaderLease
from tests.chassis.clocks import FakeClock

Document = dict[str, Any]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 22, tzinfo=UTC))


def make_lease(database: Database[Document], clock: FakeClock, owner: str) -> LeaderLease:
    return LeaderLease(database["leases"], name="relay", owner=owner, ttl_s=10, clock=clock)


def test_the_first_leads_and_the_second_does_not(database: Database[Document], clock: FakeClock) -> None:
    first, second = make_lease(database, clock, "first"), make_lease(database, clock, "second")

    assert first.hold()
    assert not second.hold()
    assert first.hold()


def test_the_second_leads_once_the_first_is_silent_for_long_enough(
    database: Database[Document], clock: FakeClock
) -> None:
    first, second = make_lease(database, clock, "first"), make_lease(database, clock, "second")
    first.acquire()

    clock.advance(timedelta(seconds=9))
    assert not second.acquire()
    clock.advance(timedelta(seconds=2))

    assert second.acquire()
    assert not first.renew()
    assert not first.hold()
    assert second.token == first.token + 1


def test_renewing_keeps_the_lease_and_its_token(database: Database[Document], clock: FakeClock) -> None:
    first, second = make_lease(database, clock, "first"), make_lease(database, clock, "second")
    first.acquire()

    for _ in range(5):
        clock.advance(timedelta(seconds=8))
        assert first.renew()
        assert not second.acquire()

    assert first.token == 1


def test_releasing_lets_the_next_lead_at_once_and_is_harmless_afterwards(
    database: Database[Document], clock: FakeClock
) -> None:
    first, second = make_lease(database, clock, "first"), make_lease(database, clock, "second")
    first.acquire()

    first.release()
    assert second.acquire()
    first.release()

    assert second.renew()
    assert not first.hold()


def test_two_leases_of_other_names_do_not_know_each_other(database: Database[Document], clock: FakeClock) -> None:
    relay = LeaderLease(database["leases"], name="relay", owner="first", clock=clock)
    timer = LeaderLease(database["leases"], name="timer", owner="second", clock=clock)

    assert relay.acquire()
    assert timer.acquire()
