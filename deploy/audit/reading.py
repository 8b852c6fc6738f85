"""All books of a period, read by the services' commands: both services at once, each book after the other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from deploy.audit.books import (
    ACCOUNTS,
    ACQUIRER,
    PAYMENTS,
    Books,
    Charge,
    Credit,
    Incident,
    LedgerEnd,
    Line,
    Payment,
    Posting,
    ledgers_of,
)
from deploy.audit.commands import NotRead, Service

_LEDGERS = "the regions' ledgers"

Row = TypeVar("Row")


def read_books(*, payments: Service, accounts: Service, period: Sequence[str]) -> Books:
    """Return the books. The acquirer's registry is read before our payments: a payment of ours is there before its
    charge, so that whatever moves meanwhile is seen as under way."""
    with ThreadPoolExecutor(2) as both:
        asked_ours = both.submit(_books_of_payments, payments, period)
        asked_theirs = both.submit(_books_of_accounts, accounts, period)
    ours, theirs = asked_ours.result(), asked_theirs.result()
    return Books(
        charges=ours.charges,
        payments=ours.payments,
        postings=theirs.postings,
        credits=theirs.credits,
        regions_read=theirs.regions_read,
        incidents=ours.incidents + theirs.incidents,
        unread={**ours.unread, **theirs.unread},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Where one service's books are read; what cannot be read is noted, and the next one is."""

    name: str
    service: Service
    unread: dict[str, str] = field(default_factory=dict)

    def rows(self, book: str, of: Callable[[Line], Row], *operation: str) -> tuple[Row, ...]:
        try:
            return tuple(map(of, self.service.lines(*operation)))
        except NotRead as problem:
            self.unread[book] = str(problem)
            return ()

    def incidents(self) -> tuple[Incident, ...]:
        book = f"the incidents of {self.name}"
        return self.rows(book, lambda line: Incident.of(line, found_by=self.name), "incidents")


def _books_of_payments(service: Service, period: Sequence[str]) -> Books:
    desk = _Desk(name="payments", service=service)
    charges = desk.rows(ACQUIRER, _charge, "registry", *period)
    payments = desk.rows(PAYMENTS, Payment.of, "books", *period)
    return Books(charges=charges, payments=payments, incidents=desk.incidents(), unread=desk.unread)


def _books_of_accounts(service: Service, period: Sequence[str]) -> Books:
    desk = _Desk(name="accounts", service=service)
    postings = desk.rows(ACCOUNTS, Posting.of, "books", *period)
    credits, regions_read, unread = ledgers_of(desk.rows(_LEDGERS, _ledger_line, "ledgers", *period))
    incidents = desk.incidents()
    return Books(
        postings=postings,
        credits=credits,
        regions_read=regions_read,
        incidents=incidents,
        unread={**desk.unread, **unread},
    )


def _charge(line: Line) -> Charge:
    """A registry whose last line is a problem was not read."""
    if "problem" in line:
        raise NotRead(line["problem"])
    return Charge.of(line)


def _ledger_line(line: Line) -> Credit | LedgerEnd:
    return LedgerEnd.of(line) if "is_read" in line else Credit.of(line)
