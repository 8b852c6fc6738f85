"""Refreshing figures beside the call that wants them."""

import threading
from collections.abc import Iterator

import pytest

from services.accounts.adapters.refresh_pool import RefreshPool
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.errors import RegionUnavailable
from tests.support import eventually

_HANGS, _ANSWERS, _REFUSES = AccountKey("25", "1"), AccountKey("54", "1"), AccountKey("77", "1")


class Regions:
    """One that hangs until released, one that answers, one that refuses."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.done: list[AccountKey] = []
        self._lock = threading.Lock()

    def refresh(self, key: AccountKey, /) -> AccountSnapshot:
        if key.region == "25":
            self.released.wait(60)
        if key.region == "77":
            raise RegionUnavailable(region="77")
        with self._lock:
            self.done.append(key)
        return AccountSnapshot(key=key)


@pytest.fixture
def regions() -> Iterator[Regions]:
    subject = Regions()
    yield subject
    subject.released.set()


@pytest.fixture
def pool(regions: Regions) -> Iterator[RefreshPool]:
    subject = RefreshPool(regions.refresh, threads_per_region=2)
    yield subject
    regions.released.set()
    subject.stop(grace_s=30)


def test_returns_what_came_in_time_and_goes_on_with_the_rest(pool: RefreshPool, regions: Regions) -> None:
    eventually(lambda: set(pool.refresh([_HANGS, _ANSWERS, _REFUSES], within_s=0.3)) == {_ANSWERS})

    assert _HANGS not in regions.done
    regions.released.set()
    eventually(lambda: _HANGS in regions.done)


def test_a_region_that_hangs_keeps_nobody_else_waiting(pool: RefreshPool) -> None:
    hanging = [AccountKey("25", str(number)) for number in range(50)]
    pool.refresh(hanging, within_s=0.01)

    assert set(pool.refresh([_ANSWERS], within_s=60)) == {_ANSWERS}


def test_asks_once_for_an_account_that_is_being_asked_for(pool: RefreshPool, regions: Regions) -> None:
    for _ in range(3):
        pool.refresh([_HANGS], within_s=0.01)

    regions.released.set()
    assert set(pool.refresh([_HANGS], within_s=60)) == {_HANGS}
    eventually(lambda: len(regions.done) >= 1)
    assert len(regions.done) <= 2  # the last call may have come after the first one had ended


def test_takes_no_more_in_than_a_region_can_answer_soon(pool: RefreshPool, regions: Regions) -> None:
    pool.refresh([AccountKey("25", str(number)) for number in range(1000)], within_s=0.01)

    regions.released.set()
    eventually(lambda: len(regions.done) == 2 * 9)
