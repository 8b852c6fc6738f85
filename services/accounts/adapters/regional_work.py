"""Due work that is about regions: claimed only where it can be carried on now."""

from collections.abc import Sequence
from typing import Any, Protocol

from services.chassis.work import DueWork

Document = dict[str, Any]


class Lines(Protocol):
    """Whoever knows which regions take calls now: `region_lines.RegionLines`."""

    def not_taking(self, calls: int, /) -> Sequence[str]:
        """Return the regions that are left alone, or have `calls` under way already."""
        ...

    def opens_in_s(self) -> float | None:
        """Return how long it takes until the first of the regions that are left alone may be tried."""
        ...


class RegionalWork:
    """Due documents with a `region`. What is due in a region that is left alone waits unclaimed, and follows as soon as
    the region answers again; no region has more than `share` of the threads.

    So a region's outage costs neither the threads nor the database the others need, and what waited for it is late by
    the gate's pause and not by pauses of its own that grew meanwhile.
    """

    def __init__(self, work: DueWork, *, lines: Lines, share: int) -> None:
        self._work = work
        self._lines = lines
        self._share = share

    def claim(self) -> Document | None:
        """Return the longest-due document of a region that takes calls, now leased."""
        return self._work.claim(where=self._can_be_carried())

    def seconds_until_due(self) -> float | None:
        """Return how long nothing can be done. Work of a busy region is claimed by whoever comes back from it."""
        waits = (self._work.seconds_until_due(where=self._can_be_carried()), self._lines.opens_in_s())
        return min((wait for wait in waits if wait is not None), default=None)

    def _can_be_carried(self) -> Document:
        return {"region": {"$nin": self._lines.not_taking(self._share)}}
