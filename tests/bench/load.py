"""Load that does not wait for answers, and the highest rate of it that a target sustains.

All load is open-loop: requests are due at fixed moments, and an answer's time counts from the moment it was due, so
that a stall is seen by everybody who had to wait behind it (no coordinated omission).
"""

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Act = Callable[[int], Awaitable[bool]]
Offer = Callable[[float], "Latencies"]

SHARE_OF_SUSTAINED = 0.6  # of the sustained rate: where latencies are measured
_LONGEST_P99_MS = 250.0  # of an answer that somebody waits for
_KEEPS_UP = 0.97
_STEPS = 5
_FROM, _TO = 0.3, 1.3  # of the first guess: how far it may be wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Times in milliseconds of the answers of one run, how many were no good, and how many good ones came a second."""

    sorted_ms: tuple[float, ...]
    failures: int
    rate: float

    @property
    def p50_ms(self) -> float:
        """The median."""
        return self.at(0.50)

    @property
    def p99_ms(self) -> float:
        """The 99th of a hundred."""
        return self.at(0.99)

    def at(self, quantile: float) -> float:
        """Return a quantile; infinity when nothing came back."""
        if not self.sorted_ms:
            return float("inf")
        return self.sorted_ms[min(len(self.sorted_ms) - 1, int(len(self.sorted_ms) * quantile))]

    def keeps_up_with(self, rate: float, /, *, longest_p99_ms: float = _LONGEST_P99_MS) -> bool:
        """Say whether a target that was offered this rate answered it: all good, in time, and as many as were asked."""
        return not self.failures and self.p99_ms <= longest_p99_ms and self.rate >= rate * _KEEPS_UP


def per_second(moments_s: Sequence[float], /) -> float:
    """Return how many of these moments come a second, as the straight line through them rises: what the first one took
    to come, or a straggler at the end, says nothing about a rate. None for fewer than two."""
    begins = min(moments_s, default=0.0)
    moments = sorted(moment - begins for moment in moments_s)
    if len(set(moments)) < 2:
        return 0.0
    return statistics.linear_regression(moments, range(len(moments))).slope


def sustained(offer: Offer, /, *, first_guess: float, longest_p99_ms: float = _LONGEST_P99_MS) -> float:
    """Return the highest rate that is kept up with, by halving the range around a first guess.

    When not even its lower end is, that end is returned: a lower bound of what nobody waited for.
    """
    low, high = first_guess * _FROM, first_guess * _TO
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if offer(middle).keeps_up_with(middle, longest_p99_ms=longest_p99_ms):
            low = middle
        else:
            high = middle
    return low


async def closed_loop(act: Act, *, seconds: float, under_way: int) -> float:
    """Return good answers a second with so many requests always under way: a warm-up, and a guess where to search."""
    good = 0
    began = time.perf_counter()

    async def lane(number: int) -> None:
        nonlocal good
        while time.perf_counter() < began + seconds:
            came_back = await act(number)  # before the sum is read: other lanes add to it meanwhile
            good += came_back

    await asyncio.gather(*(lane(number) for number in range(under_way)))
    return good / (time.perf_counter() - began)


async def open_loop(act: Act, *, rate: float, seconds: float, lanes: int) -> Latencies:
    """Send `rate` requests a second for `seconds` and return the times of the answers; `act` gets the number of its
    lane."""
    free: asyncio.Queue[int] = asyncio.Queue()
    for number in range(lanes):
        free.put_nowait(number)
    times: list[float] = []
    failures = 0

    async def one(due_at: float) -> None:
        nonlocal failures
        lane = await free.get()
        try:
            good = await act(lane)
        finally:
            free.put_nowait(lane)
        if good:
            times.append((time.perf_counter() - due_at) * 1000)
        else:
            failures += 1

    began = time.perf_counter()
    tasks = []
    for index in range(int(rate * seconds)):
        due_at = began + index / rate
        await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due_at)))
    await asyncio.gather(*tasks)
    return _measured(times, failures=failures, took_s=time.perf_counter() - began)


def closed_loop_by_threads(act: Callable[[], object], *, seconds: float, threads: int) -> float:
    """The first guess for what blocks."""
    ends_at = time.perf_counter() + seconds
    done = [0] * threads

    def run(number: int) -> None:
        while time.perf_counter() < ends_at:
            act()
            done[number] += 1

    run_threads([threading.Thread(target=run, args=(number,)) for number in range(threads)])
    return sum(done) / seconds


def open_loop_by_threads(act: Callable[[], object], *, rate: float, seconds: float, threads: int) -> Latencies:
    """The same for what blocks: so many threads take the requests as they fall due."""
    times: list[float] = []
    turns = itertools.count()
    began = time.perf_counter()

    def run() -> None:
        while (index := next(turns)) < rate * seconds:
            due_at = began + index / rate
            time.sleep(max(0.0, due_at - time.perf_counter()))
            act()
            times.append((time.perf_counter() - due_at) * 1000)

    run_threads([threading.Thread(target=run) for _ in range(threads)])
    return _measured(times, failures=0, took_s=time.perf_counter() - began)


def run_threads(workers: Sequence[threading.Thread], /) -> None:
    """Run them side by side until all have ended."""
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _measured(times: list[float], *, failures: int, took_s: float) -> Latencies:
    return Latencies(sorted_ms=tuple(sorted(times)), failures=failures, rate=len(times) / took_s)
