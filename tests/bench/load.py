"""Load: how much a target can take, and how long an answer takes at a rate that does not wait for answers.

Capacity is measured with a fixed number of requests under way. Latency is measured open-loop: requests are due at
fixed moments, and an answer's time counts from the moment it was due, so that a stall is seen by everybody who had to
wait behind it (no coordinated omission).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Act = Callable[[int], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Times in milliseconds of the answers of one open-loop run, and how many were no good."""

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


async def capacity(act: Act, *, seconds: float, under_way: int) -> float:
    """Return good answers per second with `under_way` requests always under way; `act` gets the number of its lane."""
    good = 0
    ends_at = time.perf_counter() + seconds

    async def lane(number: int) -> None:
        nonlocal good
        while time.perf_counter() < ends_at:
            came_back = await act(number)  # before the sum is read: other lanes add to it meanwhile
            good += came_back

    began = time.perf_counter()
    await asyncio.gather(*(lane(number) for number in range(under_way)))
    return good / (time.perf_counter() - began)


async def open_loop(act: Act, *, rate: float, seconds: float, lanes: int) -> Latencies:
    """Send `rate` requests a second for `seconds` and return the times of the answers."""
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
    elapsed = time.perf_counter() - began
    return Latencies(sorted_ms=tuple(sorted(times)), failures=failures, rate=len(times) / elapsed)
