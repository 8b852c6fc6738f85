"""What the comparison of books needs from outside itself."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from services.payments.domain.payment import Payment
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.registry import Charge, Period, RegistryRefund


class RegistryUnavailable(Exception):
    """The acquirer's registry cannot be read now; `problem` says why, without any value of it."""

    def __init__(self, problem: str, /) -> None:
        super().__init__(problem)
        self.problem = problem


class RegistryImplausible(RegistryUnavailable):
    """It can be read and cannot be true: nothing is concluded from it, and a person has to look."""


class AcquirerRegistry(Protocol):
    """What the acquirer has taken and given back. Every method raises `RegistryUnavailable`; what is not yet, or was
    not, executed is left out."""

    def charges(self, period: Period, /) -> Iterator[Charge]:
        """Yield what was captured in a period, newest first."""
        ...

    def refunds(self, period: Period, /) -> Iterator[RegistryRefund]:
        """Yield what was given back in a period, newest first."""
        ...

    def charge(self, acquirer_payment_id: str, /) -> Charge | None:
        """Return one charge, None when nothing was taken under that id."""
        ...

    def find_charge(self, payment_id: str, /, *, started: Period) -> Charge | None:
        """Return the charge of a payment of ours among those started in a period."""
        ...

    def refunds_of(self, acquirer_payment_id: str, /) -> Sequence[RegistryRefund]:
        """Return what was given back of one charge."""
        ...


class OurBooks(Protocol):
    """Our payments by when their money moved."""

    def captured(self, period: Period, /) -> Iterator[Payment]:
        """Yield what was captured in a period, the oldest first."""
        ...

    def refunded(self, period: Period, /) -> Iterator[Payment]:
        """Yield the payments that had a refund end in a period."""
        ...

    def undecided(self, period: Period, /) -> Iterator[Payment]:
        """Yield what was created in a period and has no outcome yet."""
        ...


class ReconciliationRepository(Protocol):
    """Comparisons, by day."""

    def get(self, day: date, /) -> Reconciliation | None: ...

    def newest_first(self) -> Iterator[Reconciliation]:
        """Yield what was ever compared or is going to be, the latest day first."""
        ...

    def save(self, reconciliation: Reconciliation, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class IncidentRepository(Protocol):
    """Incidents, by day, subject and kind."""

    def get(self, incident_id: str, /) -> ReconciliationIncident | None: ...

    def of_day(self, day: date, /) -> Sequence[ReconciliationIncident]:
        """Return the day's incidents, closed ones too."""
        ...

    def all_open(self) -> Iterator[ReconciliationIncident]:
        """Yield what is open, by id."""
        ...

    def save(self, incident: ReconciliationIncident, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...
