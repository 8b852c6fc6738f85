"""The comparison of the acquirer's registry with our payments for one day, once the day is over there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from services.payments.domain.backoff import Backoff
from services.payments.domain.registry import Period, Totals

_NEEDS_A_PERSON_AFTER = timedelta(days=3)


class ReconciliationState(Enum):
    """How far the comparison of a day has come."""

    DUE = "due"
    DIFFERENT = "different"
    EQUAL = "equal"


_NEXT: Mapping[ReconciliationState, frozenset[ReconciliationState]] = {
    ReconciliationState.DUE: frozenset({ReconciliationState.DIFFERENT, ReconciliationState.EQUAL}),
    ReconciliationState.DIFFERENT: frozenset({ReconciliationState.DUE}),
    ReconciliationState.EQUAL: frozenset({ReconciliationState.DUE}),  # when somebody asks for it again
}


class ReconciliationMoveIllegal(Exception):
    """A bug: nothing asks for a move that the table does not have."""


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    """Identified by its day, so that a day is compared once, however many replicas want to.

    While it is not EQUAL it has a `due_at`. `run` counts the comparisons.
    """

    day: date
    due_at: datetime | None
    created_at: datetime
    state: ReconciliationState = ReconciliationState.DUE
    run: int = 1
    tries: int = 0
    last_problem: str | None = None
    compared_at: datetime | None = None
    ours: Totals | None = None
    theirs: Totals | None = None
    open_incidents: int = 0
    version: int = 0

    @classmethod
    def plan(cls, day: date, /, *, grace: timedelta, now: datetime) -> "Reconciliation":
        """Return the comparison of a day, due some time after it has ended."""
        return cls(day=day, due_at=Period.of(day).ends_at + grace, created_at=now)

    @property
    def reconciliation_id(self) -> str:
        return self.day.isoformat()

    @property
    def was_planned_ahead(self) -> bool:
        """Whether it was planned before its day had ended: nobody can ask for it by hand so early."""
        return self.created_at < Period.of(self.day).ends_at

    def begin_again(self, *, now: datetime) -> None:
        """Compare the day anew when its last comparison has come to an end."""
        if self.state is not ReconciliationState.DUE:
            self._move_to(ReconciliationState.DUE)
            self.run += 1
        self.due_at = now

    def finish(
        self, *, ours: Totals, theirs: Totals, open_incidents: int, again_after: timedelta, now: datetime
    ) -> None:
        """Note what the comparison came to. While incidents are open the day is compared again, to close them."""
        self._move_to(ReconciliationState.DIFFERENT if open_incidents else ReconciliationState.EQUAL)
        self.tries, self.last_problem = 0, None
        self.compared_at, self.ours, self.theirs, self.open_incidents = now, ours, theirs, open_incidents
        self.due_at = now + again_after if open_incidents else None

    def postpone(self, problem: str, /, *, backoff: Backoff, now: datetime) -> None:
        """Note that the registry could not be read, or not believed."""
        self.due_at = now + backoff.pause(self.tries)
        self.tries += 1
        self.last_problem = problem

    def needs_a_person(self, *, now: datetime) -> bool:
        """Say whether the day could not be compared for so long that somebody must see to it."""
        return self.compared_at is None and now - self.created_at >= _NEEDS_A_PERSON_AFTER

    def _move_to(self, state: ReconciliationState) -> None:
        if state not in _NEXT[self.state]:
            raise ReconciliationMoveIllegal(f"{self.state.value} -> {state.value}")
        self.state = state
