"""The load generator counts what it is meant to count."""

import asyncio

from tests.bench.load import capacity, open_loop


async def _good(lane: int) -> bool:
    await asyncio.sleep(0.01)
    return lane % 2 == 0


def test_counts_the_good_answers_of_all_lanes() -> None:
    rate = asyncio.run(capacity(_good, seconds=0.3, under_way=20))

    assert rate > 10 / 0.1  # ten good lanes at a hundred a second each, on however slow a machine


def test_measures_from_the_moment_a_request_was_due() -> None:
    async def stalls(lane: int) -> bool:
        await asyncio.sleep(0.05)
        return True

    latencies = asyncio.run(open_loop(stalls, rate=100, seconds=0.2, lanes=1))

    assert len(latencies.sorted_ms) == 20
    assert latencies.sorted_ms[-1] > 20 * 50 - 200 - 50, "the last one had to wait for all before it"
