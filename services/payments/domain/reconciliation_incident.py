"""A difference between the acquirer's registry and our payments that somebody has to clear up."""

from dataclasses import dataclass, field
from datetime import date, datetime

from services.chassis.sightings import Sightings
from services.payments.domain.book_comparison import Difference
from services.payments.domain.events import ReconciliationIncidentOpened


@dataclass(slots=True, kw_only=True)
class ReconciliationIncident:
    """Identified by day, subject and kind: seen again, it is the same one, and is announced once.

    Its runs are the comparisons of the day; what one does not find is closed.
    """

    day: date
    difference: Difference
    payment_state: str | None
    sightings: Sightings
    version: int = 0
    pending_events: list[ReconciliationIncidentOpened] = field(default_factory=list)

    @classmethod
    def open(
        cls, difference: Difference, /, *, day: date, payment_state: str | None, run: int, now: datetime
    ) -> "ReconciliationIncident":
        """Return a new one, which is announced. `payment_state` is what we call the payment."""
        sightings = Sightings.first(run=run, now=now)
        incident = cls(day=day, difference=difference, payment_state=payment_state, sightings=sightings)
        incident._announce(now=now)
        return incident

    @property
    def incident_id(self) -> str:
        return f"{self.day.isoformat()}:{self.difference.subject}:{self.difference.kind.value}"

    @property
    def is_open(self) -> bool:
        return self.sightings.is_open

    def see_again(self, difference: Difference, /, *, payment_state: str | None, run: int, now: datetime) -> None:
        """Note that it is still there. One that was closed and is there again is announced again."""
        self.difference, self.payment_state = difference, payment_state
        if self.sightings.again(run=run, now=now):
            self._announce(now=now)

    def close(self, *, now: datetime) -> None:
        """Note that the books agree about it by now."""
        self.sightings.close(now=now)

    def _announce(self, *, now: datetime) -> None:
        self.pending_events.append(
            ReconciliationIncidentOpened(
                incident_id=self.incident_id,
                day=self.day.isoformat(),
                kind=self.difference.kind.value,
                payment_id=self.difference.payment_id or None,
                acquirer_payment_id=self.difference.acquirer_payment_id or None,
                ours=self.difference.ours,
                theirs=self.difference.theirs,
                opened_at=now,
            )
        )
