"""How much time the call that is being answered has left, so that every call it makes ends before it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from services.chassis.errors import DomainError, Kind

_RESERVE_S = 0.05

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


class DeadlineTooShort(DomainError):
    """There is no time left for a call that the answer needs."""

    reason = "DEADLINE_EXCEEDED"
    kind = Kind.DEADLINE_EXCEEDED


@contextmanager
def ending_within(seconds: float, /) -> Iterator[None]:
    """Give the block `seconds`, or what an outer block has left, whichever is less."""
    outer = _ends_at.get()
    mine = time.monotonic() + seconds
    token = _ends_at.set(mine if outer is None else min(outer, mine))
    try:
        yield
    finally:
        _ends_at.reset(token)


def timeout_s(cap_s: float, /) -> float:
    """Return the time-out of a call: `min(cap, what is left - 50 ms)`. Raises `DeadlineTooShort` when nothing is
    left."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return cap_s
    left_s = ends_at - time.monotonic() - _RESERVE_S
    if left_s <= 0:
        raise DeadlineTooShort("The call ran out of time.")
    return min(cap_s, left_s)
