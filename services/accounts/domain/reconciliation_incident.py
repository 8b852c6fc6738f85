"""A difference between a region's books and ours that somebody has to clear up."""

from dataclasses import dataclass, field
from datetime import date, datetime

from services.accounts.domain.events import ReconciliationIncidentOpened
from services.accounts.domain.reconciliation import Difference
from services.chassis.events import Event
from services.chassis.sightings import Sightings


@dataclass(slots=True, kw_only=True)
class ReconciliationIncident:
    """Identified by region, day, payment and kind: seen again, it is the same one, and is announced once.

    Its runs are the comparisons of the day; what a whole one does not find is closed.
    """

    region: str
    day: date
    difference: Difference
    posting_state: str | None
    sightings: Sightings
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def open(
        cls, difference: Difference, /, *, region: str, day: date, posting_state: str | None, run: int, now: datetime
    ) -> "ReconciliationIncident":
        """Return a new one, which is announced. `posting_state` is where the payment stands in our books."""
        incident = cls(
            region=region,
            day=day,
            difference=difference,
            posting_state=posting_state,
            sightings=Sightings.first(run=run, now=now),
        )
        incident._announce(now=now)
        return incident

    @property
    def incident_id(self) -> str:
        difference = self.difference
        return f"{self.region}:{self.day.isoformat()}:{difference.payment_id}:{difference.kind.value}"

    @property
    def is_open(self) -> bool:
        return self.sightings.is_open

    def see_again(self, difference: Difference, /, *, posting_state: str | None, run: int, now: datetime) -> None:
        """Note that it is still there. One that was closed and is there again is announced again."""
        self.difference, self.posting_state = difference, posting_state
        if self.sightings.again(run=run, now=now):
            self._announce(now=now)

    def close(self, *, now: datetime) -> None:
        """Note that the books agree about it by now."""
        self.sightings.close(now=now)

    def _announce(self, *, now: datetime) -> None:
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
