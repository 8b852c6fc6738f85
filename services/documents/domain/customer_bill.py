"""A bill on its way from a region's announcement to the archive and the mail; it is rendered once and never changes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.ids import new_id
from services.documents.domain.bill_content import BillContent
from services.documents.domain.events import CustomerBillArchived

_PAUSE_FIRST = timedelta(seconds=2)
_PAUSE_LONGEST = timedelta(minutes=10)


class CustomerBillNotFound(DomainError):
    """There is no such bill of that account."""

    reason = "CUSTOMER_BILL_NOT_FOUND"
    kind = Kind.NOT_FOUND


class CustomerBillNotReady(DomainError):
    """The bill is announced, and its PDF is still being made."""

    reason = "CUSTOMER_BILL_NOT_READY"
    kind = Kind.FAILED_PRECONDITION


class IllegalMove(Exception):
    """A caller asked for a step that is done or not due: a bug."""


class BillState(Enum):
    """What can be done with the bill."""

    RECEIVED = "received"
    ARCHIVED = "archived"


class BillStep(Enum):
    """What is to be done next."""

    FETCH = "fetch"
    RENDER = "render"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPdf:
    """Where the PDF is: the archive is addressed by content."""

    sha256: str
    size_bytes: int
    archived_at: datetime


@dataclass(slots=True, kw_only=True)
class CustomerBill:
    """One regional bill and what has become of it here."""

    customer_bill_id: str
    regional_bill_id: str
    region: str
    received_at: datetime
    content: BillContent | None = None
    pdf: ArchivedPdf | None = None
    addressed_at: datetime | None = None
    failures: int = 0
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[CustomerBillArchived] = field(default_factory=list)

    @classmethod
    def announced(cls, *, regional_bill_id: str, region: str, now: datetime) -> "CustomerBill":
        """Return a bill of which no more is known than that it exists."""
        return cls(
            customer_bill_id=new_id("bill"),
            regional_bill_id=regional_bill_id,
            region=region,
            received_at=now,
            due_at=now,
        )

    @property
    def state(self) -> BillState:
        return BillState.ARCHIVED if self.pdf else BillState.RECEIVED

    @property
    def next_step(self) -> BillStep | None:
        """What is to be done next; None when all is done."""
        if self.content is None:
            return BillStep.FETCH
        if self.pdf is None:
            return BillStep.RENDER
        return BillStep.ADDRESS if self.addressed_at is None else None

    def learn(self, content: BillContent, *, now: datetime) -> None:
        """Take over what the region put into the bill."""
        self._take(BillStep.FETCH, due_at=now)
        self.content = content

    def archive(self, pdf: ArchivedPdf, /) -> None:
        """Note where the PDF is; from here on it can be downloaded."""
        self._take(BillStep.RENDER, due_at=pdf.archived_at)
        self.pdf = pdf
        self.pending_events.append(
            CustomerBillArchived(
                customer_bill_id=self.customer_bill_id,
                region=self.region,
                pdf_sha256=pdf.sha256,
                archived_at=pdf.archived_at,
            )
        )

    def address(self, *, now: datetime) -> None:
        """Note that there is a mailing for everybody who is to get one."""
        self._take(BillStep.ADDRESS, due_at=None)
        self.addressed_at = now

    def postpone(self, *, now: datetime) -> None:
        """Try the step again later; pauses grow to ten minutes, and it is never given up."""
        self.failures += 1
        self.due_at = now + min(_PAUSE_FIRST * 2 ** min(self.failures - 1, 10), _PAUSE_LONGEST)

    def _take(self, step: BillStep, *, due_at: datetime | None) -> None:
        if self.next_step is not step:
            raise IllegalMove(f"{step.name} when {self.next_step} is next")
        self.failures = 0
        self.due_at = due_at
