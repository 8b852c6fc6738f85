"""Due work that is about regions: claimed only where it can be carried on now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock, get_ident
from typing import Any, Protocol

from services.chassis.work import DueWork

Document = dict[str, Any]


class Lines(Protocol):
    """Whoever knows which regions take calls now: `region_lines.RegionLines`."""

    def rooms(self, most: int, /) -> Mapping[str, int]:
        """Return for each region how many calls may be begun by somebody who begins `most` at a time."""
        ...

    def opens_in_s(self) -> float | None:
        """Return how long it takes until the first of the regions that are left alone may be tried."""
        ...


class RegionalWork:
    """Due documents with a `region`, for threads that each carry one at a time and come back for the next.

    What is due in a region that is left alone waits unclaimed, and follows as soon as the region answers again; one
    document is claimed to try it. No region has more than `share` of the threads. So a region's outage costs neither
    the threads nor the database that the others need, and what waited for it is late by the gate's pause and not by
    pauses of its own that grew meanwhile.
    """

    def __init__(self, work: DueWork, *, lines: Lines, share: int) -> None:
        self._work = work
        self._lines = lines
        self._share = share
        self._in_hand: dict[int, str] = {}
        self._lock = Lock()

    @property
    def collection_name(self) -> str:
        """Whose documents the work hangs on."""
        return self._work.collection_name

    def claim(self) -> Document | None:
        """Return the longest-due document of a region that takes calls, now leased.

        One thread claims at a time, or all of them would see the same room in a region.
        """
        with self._lock:
            document = self._work.claim(where=self._can_be_carried())
            if document is not None:
                self._in_hand[get_ident()] = document["region"]
        return document

    def next_waits_s(self) -> Sequence[float]:
        """Return how long the next two documents have to wait that can be carried, 0 for what is due. Work of a busy
        region is claimed by whoever comes back from it."""
        with self._lock:
            where = self._can_be_carried()
        waits = (*self._work.next_waits_s(where=where), self._lines.opens_in_s())
        return sorted(wait for wait in waits if wait is not None)[:2]

    def seconds_until(self, due_at: datetime, /) -> float:
        """Return how long what is due then has to wait, 0 when it is due."""
        return self._work.seconds_until(due_at)

    def _can_be_carried(self) -> Document:
        """Return the condition for a thread that asks for work, and so has finished with what it had."""
        self._in_hand.pop(get_ident(), None)
        in_hand = Counter(self._in_hand.values())
        full = [region for region, room in self._lines.rooms(self._share).items() if in_hand[region] >= room]
        return {"region": {"$nin": full}}
