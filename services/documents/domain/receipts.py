"""How far documents has gone through the bills that accounts received: what is told by event is looked up as well,
since an event may get lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That accounts received a bill."""

    regional_bill_id: str
    region: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the list of receipts, which is ordered by moment and then by id."""

    received_at: datetime
    regional_bill_id: str = ""


def position_of(receipt: Receipt, /) -> Position:
    """Return the place just behind a receipt."""
    return Position(received_at=receipt.received_at, regional_bill_id=receipt.regional_bill_id)


def beginning(seen_until: datetime | None, /, *, now: datetime) -> Position | None:
    """Return where to begin anew; None for the very first bill.

    Some minutes before what was seen last: a bill carries the time of the machine that received it and may be stored
    after later ones. Never later than those minutes ago, so that one bill from a clock that ran ahead hides none.
    """
    if seen_until is None:
        return None
    return Position(received_at=min(seen_until, now) - OVERLAP)
