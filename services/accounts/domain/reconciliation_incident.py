"""A difference between a region's books and ours that somebody has to clear up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from services.accounts.domain.events import ReconciliationIncidentOpened
from services.accounts.domain.reconciliation import Difference, IllegalMove
from services.chassis.events import Event


class IncidentState(Enum):
    """Whether it is still there."""

    OPEN = "open"
    CLOSED = "closed"


_NEXT: Mapping[IncidentState, frozenset[IncidentState]] = {
    IncidentState.OPEN: frozenset({IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset({IncidentState.OPEN}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of an incident's history."""

    state: IncidentState
    at: datetime


@dataclass(slots=True, kw_only=True)
class ReconciliationIncident:
    """Identified by region, day, payment and kind: seen again, it is the same one, and is announced once.

    `seen_in_run` is the last comparison of the day that found it; what a whole comparison does not find is closed.
    """

    region: str
    day: date
    difference: Difference
    posting_state: str | None
    seen_in_run: int
    state: IncidentState = IncidentState.OPEN
    history: list[Step] = field(default_factory=list)
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def open(
        cls, difference: Difference, /, *, region: str, day: date, posting_state: str | None, run: int, now: datetime
    ) -> "ReconciliationIncident":
        """Return a new one, which is announced. `posting_state` is where the payment stands in our books."""
        incident = cls(region=region, day=day, difference=difference, posting_state=posting_state, seen_in_run=run)
        incident._announce(now=now)
        return incident

    @property
    def incident_id(self) -> str:
        difference = self.difference
        return f"{self.region}:{self.day.isoformat()}:{difference.payment_id}:{difference.kind.value}"

    @property
    def is_open(self) -> bool:
        return self.state is IncidentState.OPEN

    def see_again(self, difference: Difference, /, *, posting_state: str | None, run: int, now: datetime) -> None:
        """Note that it is still there. One that was closed and is there again is announced again."""
        self.difference, self.posting_state, self.seen_in_run = difference, posting_state, run
        if not self.is_open:
            self._move_to(IncidentState.OPEN)
            self._announce(now=now)

    def close(self, *, now: datetime) -> None:
        """Note that the books agree about it by now."""
        self._move_to(IncidentState.CLOSED)
        self.history.append(Step(state=IncidentState.CLOSED, at=now))

    def _announce(self, *, now: datetime) -> None:
        self.history.append(Step(state=IncidentState.OPEN, at=now))
        self.pending_events.append(
            ReconciliationIncidentOpened(
                incident_id=self.incident_id,
                region=self.region,
                day=self.day.isoformat(),
                payment_id=self.difference.payment_id,
                kind=self.difference.kind.value,
                ours=self.difference.ours,
                theirs=self.difference.theirs,
                opened_at=now,
            )
        )

    def _move_to(self, state: IncidentState) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state = state
