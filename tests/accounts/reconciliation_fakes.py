"""What the comparison of books works with, on dictionaries."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.accounts.domain.posting import Posting, PostingState
from services.accounts.domain.reconciliation import BookedPage, BookedPayment, Period, Reconciliation, Totals
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.chassis.clock import Clock
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING
from tests.accounts.fakes import FakePostings, FakeRegions, Shelf


def make_booked(payment_id: str, *, kopecks: int = 45000, posted_at: object = A_MORNING) -> BookedPayment:
    """A payment in somebody's books."""
    return BookedPayment(payment_id=payment_id, amount=Money(kopecks), posted_at=posted_at)  # type: ignore[arg-type]


class FakeOurBooks:
    """What of the postings is posted."""

    def __init__(self, postings: FakePostings) -> None:
        self._postings = postings

    def posted(
        self, region: str, period: Period, /, *, after: BookedPayment | None, limit: int
    ) -> Sequence[BookedPayment]:
        rows = sorted(
            (posting.posted_at, posting.payment_id, posting.amount)
            for posting in self._postings.shelf.kept.values()
            if posting.key.region == region
            and posting.state is PostingState.POSTED
            and period.begins_at <= posting.posted_at < period.ends_at
        )
        later = [row for row in rows if after is None or row[:2] > (after.posted_at, after.payment_id)]
        return [
            BookedPayment(payment_id=payment_id, amount=amount, posted_at=posted_at)
            for posted_at, payment_id, amount in later[:limit]
        ]


class FakeCapturedPostings:
    """All postings by their capture."""

    def __init__(self, postings: FakePostings) -> None:
        self._postings = postings

    def captured(self, region: str, period: Period, /) -> Iterator[Posting]:
        rows = [
            posting
            for posting in self._postings.shelf.kept.values()
            if posting.key.region == region and period.begins_at <= posting.captured_at < period.ends_at
        ]
        return iter(sorted(rows, key=lambda posting: (posting.captured_at, posting.payment_id)))


class FakeReconciliations:
    """Repository and queue in one; a claim moves the version, as the real one does."""

    def __init__(self, clock: Clock) -> None:
        self.shelf = Shelf()
        self._clock = clock

    def get(self, region: str, day: date, /) -> Reconciliation | None:
        found: Reconciliation | None = self.shelf.take(f"{region}:{day.isoformat()}")
        return found

    def newest_first(self, region: str, /) -> Iterator[Reconciliation]:
        days = sorted((row.day for row in self.shelf.kept.values() if row.region == region), reverse=True)
        return (found for day in days if (found := self.get(region, day)))

    def save(self, reconciliation: Reconciliation, /) -> None:
        self.shelf.put(reconciliation.reconciliation_id, reconciliation)

    def claim(self) -> Reconciliation | None:
        due = [day for day in self.shelf.kept.values() if day.due_at and day.due_at <= self._clock.now()]
        if not due:
            return None
        first = min(due, key=lambda day: day.due_at)
        first.version += 1
        claimed: Reconciliation = self.shelf.take(first.reconciliation_id)
        return claimed


class FakeIncidents:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, incident_id: str, /) -> ReconciliationIncident | None:
        found: ReconciliationIncident | None = self.shelf.take(incident_id)
        return found

    def of_day(self, region: str, day: date, /) -> Sequence[ReconciliationIncident]:
        ids = sorted(key for key, kept in self.shelf.kept.items() if (kept.region, kept.day) == (region, day))
        return [self.shelf.take(key) for key in ids]

    def all_open(self) -> Iterator[ReconciliationIncident]:
        return (self.shelf.take(key) for key in sorted(self.shelf.kept) if self.shelf.kept[key].is_open)

    def save(self, incident: ReconciliationIncident, /) -> None:
        self.shelf.put(incident.incident_id, incident)


class ListingRegion(FakeRegions):
    """A region that lists what is in its books, in pages of two, unless it is told not to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.lists = True
        self.extra: list[BookedPayment] = []
        self.totals: Totals | None = None

    def booked_payments(self, region: str, period: Period, /, *, page_size: int, page_token: str) -> BookedPage | None:
        self._answering("booked_payments")
        if not self.lists:
            return None
        rows = [
            BookedPayment(payment_id=row.payment_id, amount=row.amount, posted_at=row.posted_at)
            for row in self.books.values()
        ] + self.extra
        within = [row for row in rows if period.begins_at <= row.posted_at < period.ends_at]
        begin = int(page_token or 0)
        return BookedPage(
            payments=tuple(within[begin : begin + 2]),
            totals=self.totals or Totals().plus(within),
            next_page_token=str(begin + 2) if len(within) > begin + 2 else "",
        )
