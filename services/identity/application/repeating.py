"""Doing something again that lost a race, where reading anew and repeating is the natural thing."""

from collections.abc import Callable
from typing import TypeVar

from services.chassis.errors import VersionConflict

Result = TypeVar("Result")
_TIMES = 3


def repeated_on_conflict(action: Callable[[], Result], /) -> Result:
    """Return what `action` returns, which reads its aggregate itself; the third lost race in a row gets out."""
    for _ in range(_TIMES - 1):
        try:
            return action()
        except VersionConflict:
            continue
    return action()
