"""How long something has been there that should not be, as the runs of whatever looks for it see it; what it is, and
who is told, services know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

Document = dict[str, Any]


class SightingState(Enum):
    """Whether it is still there."""

    OPEN = "open"
    CLOSED = "closed"


_NEXT: Mapping[SightingState, frozenset[SightingState]] = {
    SightingState.OPEN: frozenset({SightingState.CLOSED}),
    SightingState.CLOSED: frozenset({SightingState.OPEN}),
}


class SightingMoveIllegal(Exception):
    """A bug: nothing asks for a move that the table does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the history."""

    state: SightingState
    at: datetime


@dataclass(slots=True, kw_only=True)
class Sightings:
    """Opened by the first run that sees it, closed by a whole run that does not, and opened again if it comes back."""

    seen_in_run: int
    state: SightingState = SightingState.OPEN
    history: list[Step] = field(default_factory=list)

    @classmethod
    def first(cls, *, run: int, now: datetime) -> "Sightings":
        """Return what the run that sees it first begins with."""
        return cls(seen_in_run=run, history=[Step(state=SightingState.OPEN, at=now)])

    @property
    def is_open(self) -> bool:
        return self.state is SightingState.OPEN

    @property
    def opened_at(self) -> datetime:
        """When it was opened last."""
        return next(step.at for step in reversed(self.history) if step.state is SightingState.OPEN)

    def again(self, *, run: int, now: datetime) -> bool:
        """Note that a run sees it; say whether it had been closed before, and so is news again."""
        self.seen_in_run = run
        was_closed = not self.is_open
        if was_closed:
            self._move_to(SightingState.OPEN, now=now)
        return was_closed

    def close(self, *, now: datetime) -> None:
        """Note that it is no longer there."""
        self._move_to(SightingState.CLOSED, now=now)

    def _move_to(self, state: SightingState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise SightingMoveIllegal(f"{self.state.value} -> {state.value}")
        self.state = state
        self.history.append(Step(state=state, at=now))


def sightings_fields(sightings: Sightings, /) -> Document:
    """Return their part of a document."""
    return {
        "seen_in_run": sightings.seen_in_run,
        "state": sightings.state.value,
        "history": [{"state": step.state.value, "at": step.at} for step in sightings.history],
    }


def sightings_of(document: Document, /) -> Sightings:
    """Return what `sightings_fields` wrote."""
    return Sightings(
        seen_in_run=document["seen_in_run"],
        state=SightingState(document["state"]),
        history=[Step(state=SightingState(step["state"]), at=step["at"]) for step in document["history"]],
    )
