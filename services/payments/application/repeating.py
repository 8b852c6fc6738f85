"""Repeating a short read-change-save when somebody else saved in between; for steps without side effects only."""

from collections.abc import Callable
from typing import TypeVar

from services.chassis.errors import VersionConflict

Result = TypeVar("Result")
_TRIES = 5


def repeating(step: Callable[[], Result], /, *, tries: int = _TRIES) -> Result:
    """Return what `step` returns, run again after a VersionConflict, `tries` times at most. It reads anew each time."""
    for _ in range(tries - 1):
        try:
            return step()
        except VersionConflict:
            continue
    return step()
