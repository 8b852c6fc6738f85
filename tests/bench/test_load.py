"""The load generator counts what it is meant to count."""

import asyncio
import time

import pytest

from tests.bench.load import Latencies, closed_loop, open_loop, open_loop_by_threads, per_second, sustained


async def _good(lane: int) -> bool:
    await asyncio.sleep(0.01)
    return lane % 2 == 0


def test_counts_the_good_answers_of_all_lanes() -> None:
    rate = asyncio.run(closed_loop(_good, seconds=0.3, under_way=20))

    assert rate > 10 / 0.1  # ten good lanes at a hundred a second each, on however slow a machine


def test_measures_from_the_moment_a_request_was_due() -> None:
    async def stalls(lane: int) -> bool:
        await asyncio.sleep(0.05)
        return True

    latencies = asyncio.run(open_loop(stalls, rate=100, seconds=0.2, lanes=1))

    assert len(latencies.sorted_ms) == 20
    assert latencies.sorted_ms[-1] > 20 * 50 - 200 - 50, "the last one had to wait for all before it"


def test_threads_measure_from_the_moment_a_request_was_due_too() -> None:
    latencies = open_loop_by_threads(lambda: time.sleep(0.05), rate=100, seconds=0.2, threads=1)

    assert len(latencies.sorted_ms) == 20
    assert latencies.sorted_ms[-1] > 20 * 50 - 200 - 50


@pytest.mark.parametrize("capacity", [40.0, 80.0, 125.0])
def test_finds_the_highest_rate_that_is_kept_up_with_wherever_it_lies_around_the_guess(capacity: float) -> None:
    def offer(rate: float) -> Latencies:
        return Latencies(sorted_ms=(1.0 if rate <= capacity else 400.0,), failures=0, rate=min(rate, capacity))

    found = sustained(offer, first_guess=100.0)

    assert capacity - 100 / 2**5 <= found <= capacity


@pytest.mark.parametrize(
    ("latencies", "kept_up"),
    [
        (Latencies(sorted_ms=(5.0,), failures=0, rate=99.0), True),
        (Latencies(sorted_ms=(5.0,), failures=1, rate=99.0), False),
        (Latencies(sorted_ms=(5.0,), failures=0, rate=90.0), False),
        (Latencies(sorted_ms=(251.0,), failures=0, rate=99.0), False),
        (Latencies(sorted_ms=(), failures=0, rate=0.0), False),
    ],
)
def test_a_target_keeps_up_when_all_answers_are_good_in_time_and_as_many_as_asked(
    latencies: Latencies, kept_up: bool
) -> None:
    assert latencies.keeps_up_with(100.0) is kept_up


def test_what_may_last_longer_keeps_up_with_what_would_be_too_slow_otherwise() -> None:
    latencies = Latencies(sorted_ms=(1900.0,), failures=0, rate=100.0)

    def offer(rate: float) -> Latencies:
        return Latencies(sorted_ms=(1900.0,), failures=0, rate=rate)

    assert not latencies.keeps_up_with(100.0)
    assert latencies.keeps_up_with(100.0, longest_p99_ms=2000.0)
    assert sustained(offer, first_guess=100.0) < 40 < 120 < sustained(offer, first_guess=100.0, longest_p99_ms=2000.0)


def test_a_rate_counts_neither_the_wait_for_the_first_one_nor_a_straggler() -> None:
    steady = [1_700_000_003 + number / 20 for number in range(100)]

    assert per_second(steady) == pytest.approx(20)
    assert per_second([*steady[:-1], steady[-1] + 1]) == pytest.approx(20, rel=0.1)


def test_there_is_no_rate_of_fewer_than_two_moments() -> None:
    assert [per_second(moments) for moments in ([], [1.0], [1.0, 1.0])] == [0.0, 0.0, 0.0]
