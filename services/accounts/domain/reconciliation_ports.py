"""What the comparison of books needs from outside itself."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.posting import Posting
from services.accounts.domain.reconciliation import BookedPage, BookedPayment, Period, Reconciliation
from services.accounts.domain.reconciliation_incident import ReconciliationIncident


class OurBooks(Protocol):
    """Our posted payments, by when their region posted them."""

    def posted(
        self, region: str, period: Period, /, *, after: BookedPayment | None, limit: int
    ) -> Sequence[BookedPayment]:
        """Return what comes after a payment in the order of time and, at one moment, of ids; from the first one on
        without."""
        ...


class CapturedPostings(Protocol):
    """Our postings, in whatever state, by when the acquirer had taken the money."""

    def captured(self, region: str, period: Period, /) -> Iterator[Posting]:
        """Yield a region's postings of the payments captured in a period, the oldest first."""
        ...


class RegionalBooks(Protocol):
    """What the regions' books hold of our payments.

    Every method raises `RegionUnavailable` when the region does not answer in time, is known not to answer, or answers
    nonsense.
    """

    def posting(self, region: str, /, *, payment_id: str) -> RegionalPosting | None:
        """Return what became of a payment, None when the region never applied it."""
        ...

    def booked_payments(self, region: str, period: Period, /, *, page_size: int, page_token: str) -> BookedPage | None:
        """Return a page of the payments of a period, None when the region does not list them."""
        ...


class ReconciliationRepository(Protocol):
    """Comparisons, by region and day."""

    def get(self, region: str, day: date, /) -> Reconciliation | None: ...

    def newest_first(self, region: str, /) -> Iterator[Reconciliation]:
        """Yield what of a region was ever compared or is going to be, the latest day first."""
        ...

    def save(self, reconciliation: Reconciliation, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class ReconciliationQueue(Protocol):
    """Comparisons that are due, each given to one claimer at a time."""

    def claim(self) -> Reconciliation | None: ...


class IncidentRepository(Protocol):
    """Incidents, by region, day, payment and kind."""

    def get(self, incident_id: str, /) -> ReconciliationIncident | None: ...

    def of_day(self, region: str, day: date, /) -> Sequence[ReconciliationIncident]:
        """Return the day's incidents, closed ones too."""
        ...

    def all_open(self) -> Iterator[ReconciliationIncident]:
        """Yield what is open in all regions, by id."""
        ...

    def save(self, incident: ReconciliationIncident, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...
