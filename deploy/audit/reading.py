"""All books of a period, read by the services' commands: both services at once, each book after the other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from deploy.audit.books import (
    ACCOUNTS,
    ACQUIRER,
    PAYMENTS,
    Books,
    Charge,
    Credit,
    Incident,
    Line,
    Payment,
    Posting,
    ledgers_of,
)
from deploy.audit.commands import NotRead, Service

_LEDGERS = "the regions' ledgers"
_INCIDENTS = "the incidents of"


@dataclass(slots=True, kw_only=True)
class _Half:
    """What one service has to tell."""

    rows: dict[str, list[Line]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def read(self, book: str, read: Callable[[], list[Line]]) -> None:
        try:
            self.rows[book] = read()
        except NotRead as problem:
            self.unread[book] = str(problem)


def read_books(*, payments: Service, accounts: Service, period: Sequence[str]) -> Books:
    """Return the books. The acquirer's registry is read before our payments: a payment of ours is there before its
    charge, so that whatever moves meanwhile is seen as under way."""
    with ThreadPoolExecutor(2) as both:
        ours = both.submit(_payments_half, payments, period)
        theirs = both.submit(_accounts_half, accounts, period)
    return _books(ours.result(), theirs.result())


def _payments_half(service: Service, period: Sequence[str]) -> _Half:
    half = _Half()
    half.read(ACQUIRER, lambda: _whole(service.read("registry", *period)))
    half.read(PAYMENTS, lambda: service.read("books", *period))
    half.read(f"{_INCIDENTS} payments", lambda: service.read("incidents"))
    return half


def _accounts_half(service: Service, period: Sequence[str]) -> _Half:
    half = _Half()
    half.read(ACCOUNTS, lambda: service.read("books", *period))
    half.read(_LEDGERS, lambda: service.read("ledgers", *period))
    half.read(f"{_INCIDENTS} accounts", lambda: service.read("incidents"))
    return half


def _whole(lines: list[Line]) -> list[Line]:
    """A registry that ends with a problem was not read."""
    if lines and "problem" in lines[-1]:
        raise NotRead(lines[-1]["problem"])
    return lines


def _books(ours: _Half, theirs: _Half) -> Books:
    credits: list[Credit]
    credits, regions_read, unread_ledgers = ledgers_of(theirs.rows.get(_LEDGERS, []))
    rows = ours.rows | theirs.rows
    return Books(
        charges=tuple(Charge.of(line) for line in rows.get(ACQUIRER, [])),
        payments=tuple(Payment.of(line) for line in rows.get(PAYMENTS, [])),
        postings=tuple(Posting.of(line) for line in rows.get(ACCOUNTS, [])),
        credits=tuple(credits),
        regions_read=regions_read,
        incidents=tuple(
            Incident(
                found_by=name,
                incident_id=line["incident_id"],
                kind=line["kind"],
                opened_at=line["opened_at"],
            )
            for name in ("payments", "accounts")
            for line in rows.get(f"{_INCIDENTS} {name}", [])
        ),
        unread=ours.unread | theirs.unread | unread_ledgers,
    )
