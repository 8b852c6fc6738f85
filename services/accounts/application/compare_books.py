"""Compare a region's books of a day with ours, and keep what differs as incidents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from services.accounts.application.regional_list import regional_list
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.ports import PostingRepository
from services.accounts.domain.posting import PostingState
from services.accounts.domain.reconciliation import (
    BookedPayment,
    Difference,
    DifferenceKind,
    Period,
    Reconciliation,
    Totals,
    listed_differences,
)
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.accounts.domain.reconciliation_ports import IncidentRepository, OurBooks, RegionalBooks
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock

_PAGE = 500
# A list that differs in more than this is wrong as a whole: a person has to see to that rather than to each payment.
_MOST_DIFFERENCES = 1000
_SEEN_ITEM_BY_ITEM = frozenset({DifferenceKind.MISSING_IN_REGION, DifferenceKind.AMOUNT_DIFFERS})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonPace:
    """How many payments are asked for one by one at a time, how long to wait before the next, and how long before a
    day with open incidents is compared again."""

    items: int
    pause: timedelta
    again_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareBooks:
    """Moves a comparison as far as one step gets: to its end where the region lists its postings, by some payments
    where it has to be asked for each.

    Killed at any line, the next step does it again: an incident is the same one however often it is found.
    """

    books: OurBooks
    postings: PostingRepository
    regional_books: RegionalBooks
    incidents: IncidentRepository
    regions: Regions
    pace: ComparisonPace
    clock: Clock

    def __call__(self, day: Reconciliation, /) -> None:
        """Raises `RegionUnavailable`, and `RegionAnswerInvalid` for a list that contradicts itself or everything."""
        period = Period.of(day.day, time_zone=self.regions.of(day.region).time_zone)
        listed = None if day.reached else regional_list(self.regional_books, day.region, period)
        if listed is None:
            self._compare_item_by_item(day, period)
        else:
            self._compare_with(listed, day, period)

    def _compare_with(self, theirs: Sequence[BookedPayment], day: Reconciliation, period: Period) -> None:
        ours = {payment.payment_id: payment for payment in self._ours(day.region, period)}
        sums = {payment_id: payment.amount for payment_id, payment in ours.items()}
        found = list(listed_differences(sums, theirs))
        if len(found) > _MOST_DIFFERENCES:
            raise RegionAnswerInvalid(region=day.region, problem=f"its list differs in {len(found)} payments")
        for difference in found:
            self._keep(self._looked_into(difference, region=day.region), day)
        totals = Totals().plus(ours.values()), Totals().plus(theirs)
        self._finish(day, *totals, sees=frozenset(DifferenceKind))

    def _compare_item_by_item(self, day: Reconciliation, period: Period) -> None:
        chunk = self.books.posted(day.region, period, after=day.reached, limit=self.pace.items)
        for payment in chunk:
            absent = Difference(
                payment_id=payment.payment_id,
                kind=DifferenceKind.MISSING_IN_REGION,
                ours=payment.amount,
                theirs=None,
            )
            self._keep(self._looked_into(absent, region=day.region), day)
        if len(chunk) == self.pace.items:
            day.go_on(chunk, pause=self.pace.pause, now=self.clock.now())
        else:
            self._finish(day, day.ours_so_far.plus(chunk), None, sees=_SEEN_ITEM_BY_ITEM)

    def _ours(self, region: str, period: Period) -> Iterator[BookedPayment]:
        last: BookedPayment | None = None
        while rows := self.books.posted(region, period, after=last, limit=_PAGE):
            yield from rows
            last = rows[-1]

    def _looked_into(self, difference: Difference, *, region: str) -> Difference | None:
        """Return what is left of a difference after a look at the payment itself: a list may be a moment old, or have
        the payment on another day."""
        match difference.kind:
            case DifferenceKind.MISSING_IN_REGION:
                held = self.regional_books.posting(region, payment_id=difference.payment_id)
                theirs = held.amount if held else None
                found = replace(difference, theirs=theirs)
            case DifferenceKind.MISSING_HERE:
                posting = self.postings.get(difference.payment_id)
                is_posted = posting is not None and posting.state is PostingState.POSTED
                found = replace(difference, ours=posting.amount if posting and is_posted else None)
            case _:
                return difference
        if found.ours is None or found.theirs is None:
            return found
        return None if found.ours == found.theirs else replace(found, kind=DifferenceKind.AMOUNT_DIFFERS)

    def _keep(self, difference: Difference | None, day: Reconciliation) -> None:
        if difference is None:
            return
        posting = self.postings.get(difference.payment_id)
        state = posting.state.value if posting else None
        now = self.clock.now()
        new = ReconciliationIncident.open(
            difference, region=day.region, day=day.day, posting_state=state, run=day.run, now=now
        )
        known = self.incidents.get(new.incident_id)
        if known is not None:
            known.see_again(difference, posting_state=state, run=day.run, now=now)
        incident = known or new
        is_announced = bool(incident.pending_events)
        self.incidents.save(incident)
        if is_announced:
            _log.error(
                "reconciliation_incident_opened",
                alarm=True,
                region=day.region,
                day=day.day.isoformat(),
                payment_id=difference.payment_id,
                kind=difference.kind.value,
            )

    def _finish(
        self, day: Reconciliation, ours: Totals, theirs: Totals | None, *, sees: frozenset[DifferenceKind]
    ) -> None:
        """End the comparison: what it would have found and has not is closed."""
        now = self.clock.now()
        still_open = 0
        for incident in self.incidents.of_day(day.region, day.day):
            if incident.is_open and incident.sightings.seen_in_run < day.run and incident.difference.kind in sees:
                incident.close(now=now)
                self.incidents.save(incident)
                _log.info("reconciliation_incident_closed", incident_id=incident.incident_id)
            still_open += incident.is_open
        day.finish(ours=ours, theirs=theirs, open_incidents=still_open, again_after=self.pace.again_after, now=now)
