"""The audit's outcome and how it is told: as text for a person, as JSON for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploy.audit.books import ACQUIRER, Books
from deploy.audit.comparison import Difference, Item
from deploy.audit.sums import Disputes, Sums, disputes_of, sums_by_region, total_of
from deploy.audit.words import SAYS, TO_DO

EQUAL, DIFFERENT, NOT_ALL_READ = 0, 1, 2

_HEAD = ("region", "payments", "captured", "refunded", "posted", "in the ledger", "difference")
_WIDTHS = (8, 9, 16, 16, 16, 16, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the books came to."""

    period: str
    books: Books
    items: Sequence[Item]
    differences: Sequence[Difference]

    @property
    def status(self) -> int:
        """The exit status: a difference counts only while all books are there to be compared."""
        if self.books.unread:
            return NOT_ALL_READ
        return DIFFERENT if self.differences else EQUAL

    @property
    def under_way(self) -> list[Item]:
        return [item for item in self.items if item.is_under_way]

    @property
    def sums(self) -> list[Sums]:
        return sums_by_region(self.books, self.items)

    @property
    def disputes(self) -> Disputes:
        return disputes_of(self.books)


def as_text(audit: Audit, /) -> str:
    """Return the report as a person reads it."""
    return "\n".join(_lines(audit))


def as_json(audit: Audit, /) -> dict[str, Any]:
    """Return the same for a program; sums are kopecks."""
    rows = audit.sums
    return {
        "period": audit.period,
        "status": audit.status,
        "regions": [_sums_document(row) for row in rows],
        "total": _sums_document(total_of(rows)),
        "under_way": [_under_way_document(item) for item in audit.under_way],
        "differences": [
            asdict(found) | {"kind": found.kind.value, "says": SAYS[found.kind], "to_do": TO_DO[found.kind]}
            for found in audit.differences
        ],
        "open_incidents": [asdict(incident) for incident in audit.books.incidents],
        "chargebacks": asdict(audit.disputes),
        "unread": dict(audit.books.unread),
    }


def _lines(audit: Audit) -> Iterator[str]:
    yield f"Books of the payments captured {audit.period}, in roubles"
    yield ""
    yield from _table(audit.sums)
    if not audit.books.has(ACQUIRER):
        yield "Captured and refunded are ours: the acquirer's registry was not read."
    disputes = audit.disputes
    yield f"Chargebacks: {disputes.count}, {_roubles(disputes.amount_minor)}; recorded, nothing is posted back."
    yield from _under_way(audit.under_way)
    yield from _differences(audit.differences)
    yield from _incidents(audit)
    for book, problem in sorted(audit.books.unread.items()):
        yield f"NOT READ: {book} ({problem})."
    yield ""
    yield _verdict(audit)


def _table(rows: Sequence[Sums]) -> Iterator[str]:
    yield _row(_HEAD)
    for row in [*rows, total_of(rows)]:
        yield _row(
            (
                row.region,
                str(row.count),
                _roubles(row.captured_minor),
                _roubles(row.refunded_minor),
                _roubles(row.posted_minor),
                _roubles(row.shown_minor),
                _roubles(row.difference_minor),
            )
        )
    yield ""


def _row(cells: Sequence[str]) -> str:
    first, *others = zip(cells, _WIDTHS, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def _under_way(items: Sequence[Item]) -> Iterator[str]:
    """What is younger than two minutes or waits for somebody; no difference, and in no sum above."""
    if not items:
        yield "Under way: nothing."
        return
    yield f"Under way, in no sum above: {len(items)}"
    for item in items:
        payment = item.payment
        assert payment is not None, "what is under way is a payment of ours"
        waits = f", waits for a person: {payment.problem}" if payment.problem else ""
        sums = f"captured {_roubles(payment.captured_minor)}, refunded {_roubles(payment.refunded_minor)}"
        yield f"  {item.payment_id}  {payment.state}, {sums}, in the ledger {_roubles(item.credited_minor)}{waits}"


def _differences(differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    yield f"DIFFERENT: {len(differences)}"
    for found in differences:
        left, right = _told(found.left_minor), _told(found.right_minor)
        yield f"  {found.payment_id}  region {found.region}, {found.kind.value}: {left} against {right}"
        yield f"      {SAYS[found.kind]}. {TO_DO[found.kind]}"


def _incidents(audit: Audit) -> Iterator[str]:
    incidents = audit.books.incidents
    yield f"Open incidents of the daily comparisons: {len(incidents)}"
    for incident in incidents:
        yield f"  {incident.incident_id}  found by {incident.found_by}, open since {incident.opened_at}"


def _verdict(audit: Audit) -> str:
    if audit.status == NOT_ALL_READ:
        return f"Not all books were read. Differences in the others: {len(audit.differences)}."
    return f"Differences: {len(audit.differences)}." if audit.differences else "Nothing differs."


def _sums_document(sums: Sums) -> dict[str, Any]:
    return asdict(sums) | {"difference_minor": sums.difference_minor}


def _under_way_document(item: Item) -> dict[str, Any]:
    assert item.payment is not None, "what is under way is a payment of ours"
    return asdict(item.payment) | {"region": item.region, "in_ledger_minor": item.credited_minor}


def _told(amount_minor: int | None) -> str:
    return "nothing" if amount_minor is None else _roubles(amount_minor)


def _roubles(amount_minor: int | None) -> str:
    """Return kopecks as `-1 234.05`; whole numbers only."""
    if amount_minor is None:
        return "not known"
    roubles, kopecks = divmod(abs(amount_minor), 100)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{roubles:,}".replace(",", " ") + f".{kopecks:02}"
