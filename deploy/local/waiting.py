"""Waiting for a condition that another process brings about."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


class TookTooLong(Exception):
    """The condition did not come true in time."""


def wait_until(condition: Callable[[], Answer], *, what: str, timeout_s: float, every_s: float = 0.1) -> Answer:
    """Call `condition` until its answer is true, and return that answer.

    Raises TookTooLong that says `what` was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise TookTooLong(f"{what}: not within {timeout_s:g} s")
        time.sleep(every_s)
