"""What the books hold, as the services' commands print it: rows of ids and kopecks, and which books were not read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ACQUIRER, PAYMENTS, ACCOUNTS = "the acquirer's registry", "the payments", "the postings"

Line = Mapping[str, Any]


def ledger_of(region: str, /) -> str:
    """Return what a region's ledger is called."""
    return f"the ledger of region {region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money that the acquirer has taken. `payment_id` is ours, and empty when its metadata have none."""

    payment_id: str
    acquirer_payment_id: str
    captured_minor: int
    refunded_minor: int

    @classmethod
    def of(cls, line: Line, /) -> "Charge":
        return cls(
            payment_id=line["payment_id"],
            acquirer_payment_id=line["acquirer_payment_id"],
            captured_minor=line["captured_minor"],
            refunded_minor=line["refunded_minor"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as the payments service has it. What is not settled may still change by itself, or by a person."""

    payment_id: str
    state: str
    captured_minor: int
    refunded_minor: int
    credited_minor: int
    reversed_minor: int
    disputed_minor: int
    is_settled: bool
    problem: str | None

    @classmethod
    def of(cls, line: Line, /) -> "Payment":
        return cls(**{name: line[name] for name in cls.__dataclass_fields__})

    @property
    def shown_minor(self) -> int:
        """What the region's books are to show of it."""
        return self.credited_minor - self.reversed_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A posting as the accounts service has it."""

    payment_id: str
    region: str
    amount_minor: int
    state: str

    @classmethod
    def of(cls, line: Line, /) -> "Posting":
        return cls(**{name: line[name] for name in cls.__dataclass_fields__})

    @property
    def posted_minor(self) -> int | None:
        """What it says that the region has credited, None when nothing."""
        return self.amount_minor if self.state == "posted" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A payment in a region's ledger."""

    payment_id: str
    region: str
    amount_minor: int

    @classmethod
    def of(cls, line: Line, /) -> "Credit":
        return cls(**{name: line[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEnd:
    """What stands behind a region's credits: that it was read to its end, or why it was not."""

    region: str
    is_read: bool
    problem: str | None

    @classmethod
    def of(cls, line: Line, /) -> "LedgerEnd":
        return cls(**{name: line[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A difference that a daily comparison has found and that is still open."""

    found_by: str
    incident_id: str
    kind: str
    opened_at: str

    @classmethod
    def of(cls, line: Line, /, *, found_by: str) -> "Incident":
        return cls(
            found_by=found_by,
            incident_id=line["incident_id"],
            kind=line["kind"],
            opened_at=line["opened_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All books of a period. `unread` holds, by book, why it was not read; its rows count for nothing."""

    charges: tuple[Charge, ...] = ()
    payments: tuple[Payment, ...] = ()
    postings: tuple[Posting, ...] = ()
    credits: tuple[Credit, ...] = ()
    regions_read: frozenset[str] = frozenset()
    incidents: tuple[Incident, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def has(self, book: str, /) -> bool:
        return book not in self.unread


def ledgers_of(lines: Iterable[Credit | LedgerEnd], /) -> tuple[tuple[Credit, ...], frozenset[str], dict[str, str]]:
    """Return the credits of the regions that were read to the end, which those are, and why others were not."""
    rows: dict[str, list[Credit]] = {}
    unread: dict[str, str] = {}
    read: set[str] = set()
    for line in lines:
        match line:
            case Credit():
                rows.setdefault(line.region, []).append(line)
            case LedgerEnd(is_read=True):
                read.add(line.region)
            case LedgerEnd():
                unread[ledger_of(line.region)] = line.problem or ""
    credits = tuple(credit for region in sorted(read) for credit in rows.get(region, []))
    return credits, frozenset(read), unread
