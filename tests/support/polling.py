"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def eventually(condition: Callable[[], Answer | None], *, timeout_s: float = 30, every_s: float = 0.02) -> Answer:
    """Call `condition` until its answer is true, and return that answer.

    An AssertionError of the condition counts as "not yet"; the last one is what the test fails with, so a condition may
    be a function full of asserts that ends in `return True`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer, complaint = _try(condition)
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout_s:g} s; last answer: {answer!r}") from complaint
        time.sleep(every_s)


def _try(condition: Callable[[], Answer | None]) -> tuple[Answer | None, AssertionError | None]:
    try:
        return condition(), None
    except AssertionError as complaint:
        return None, complaint
