"""A dispatcher that compares books, with everything it needs, in memory."""

from datetime import date, timedelta

from services.accounts.application.compare_books import CompareBooks, ComparisonPace
from services.accounts.application.reconcile_days import PlanDays, ReconcileDueDay, ReconcileNow
from services.accounts.domain.events import ReconciliationIncidentOpened
from services.accounts.domain.posting import Posting
from services.accounts.domain.reconciliation import Reconciliation
from services.accounts.domain.region import Cutover, Region, Regions
from tests.accounts.builders import PLAN, SettableClock, make_answer, make_posting
from tests.accounts.fakes import FakePostings
from tests.accounts.reconciliation_fakes import FakeIncidents, FakeOurBooks, FakeReconciliations, ListingRegion

TODAY = date(2026, 11, 22)
_GRACE = timedelta(hours=4)


class Auditor:
    """Region 54 and its days, from 22 November on."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.postings = FakePostings(self.clock)
        self.region = ListingRegion(self.clock)
        self.days = FakeReconciliations(self.clock)
        self.incidents = FakeIncidents()
        self.waited: list[float] = []
        self._regions = Regions([_region()])
        self.plan_days = PlanDays(days=self.days, regions=self._regions, grace=_GRACE, clock=self.clock)

    @property
    def compare(self) -> CompareBooks:
        return CompareBooks(
            books=FakeOurBooks(self.postings),
            postings=self.postings,
            regional_books=self.region,
            incidents=self.incidents,
            regions=self._regions,
            pace=ComparisonPace(items=2, pause=timedelta(seconds=1), again_after=timedelta(hours=6)),
            clock=self.clock,
        )

    def step(self) -> bool:
        return ReconcileDueDay(
            queue=self.days,
            days=self.days,
            plan_days=self.plan_days,
            compare=self.compare,
            plan=PLAN,
            clock=self.clock,
        )()

    def run(self, *, minutes: int = 2) -> None:
        """Go on until nothing is due, over some time."""
        for _ in range(minutes * 60):
            while self.step():
                pass
            self.clock.advance(seconds=1)

    def now(self, day: date = TODAY) -> Reconciliation:
        reconcile = ReconcileNow(
            days=self.days,
            plan_days=self.plan_days,
            compare=self.compare,
            regions=self._regions,
            wait=self.waited.append,
            clock=self.clock,
        )
        return reconcile(region="54", day=day)

    def posted(self, *, kopecks: int = 45000, in_region: bool = True) -> Posting:
        """Have a payment posted now: here, and in the region's books unless they lose it."""
        posting = make_posting(kopecks=kopecks, now=self.clock.now())
        answer = make_answer(posting, at=self.clock.now())
        posting.confirm(answer, now=self.clock.now())
        self.postings.save(posting)
        if in_region:
            self.region.books[posting.payment_id] = answer
        return posting

    def day_is_over(self) -> None:
        """Let today be over, with its grace."""
        self.clock.advance(days=1)

    def day(self, day: date = TODAY) -> Reconciliation:
        found = self.days.get("54", day)
        assert found is not None
        return found

    def open_kinds(self) -> list[str]:
        return [row.difference.kind.value for row in self.incidents.of_day("54", TODAY) if row.is_open]

    def announced(self) -> list[str]:
        events = [event for event in self.incidents.shelf.announced if isinstance(event, ReconciliationIncidentOpened)]
        return [event.incident_id for event in events]


def _region() -> Region:
    return Region(
        code="54",
        name="Новосибирская область",
        name_en="Novosibirsk Oblast",
        time_zone="Asia/Novosibirsk",
        cutover=Cutover.CLOSED,
        cutover_date=date(2014, 7, 1),
        proof_kinds=(),
        number_pattern="[0-9]+",
        fresh_for=timedelta(minutes=15),
        connected=True,
    )
