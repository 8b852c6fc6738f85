"""The acquirer's registry of chargebacks: a CSV file, since its API has none (it writes a letter for each dispute)."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.chassis.clock import to_milliseconds
from services.payments.adapters.yookassa_amount import from_amount
from services.payments.domain.evidence import Chargeback


class RegistryUnreadable(Exception):
    """A line that has not the form of the registry; nothing of the file is recorded then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLine:
    """A dispute and the acquirer's id of the payment that it is about."""

    acquirer_payment_id: str
    chargeback: Chargeback


def read_registry(path: Path, /, *, now: datetime) -> list[RegistryLine]:
    """Return all lines. Columns: chargeback_id, payment_id, amount ("450.00"), currency, reason, received_at.

    Raises RegistryUnreadable, naming the line.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return list(_lines(csv.DictReader(file), now=now))


def _lines(rows: "csv.DictReader[str]", *, now: datetime) -> Iterator[RegistryLine]:
    for row in rows:
        try:
            yield _line(row, now=now)
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryUnreadable(f"line {rows.line_num}: {type(error).__name__}") from None


def _line(row: dict[str, str], *, now: datetime) -> RegistryLine:
    received_at = datetime.fromisoformat(row["received_at"])
    if not row["chargeback_id"] or received_at.tzinfo is None:
        raise ValueError("an id and a time with its zone are needed")
    return RegistryLine(
        acquirer_payment_id=row["payment_id"],
        chargeback=Chargeback(
            chargeback_id=row["chargeback_id"],
            amount=from_amount({"value": row["amount"], "currency": row["currency"]}),
            reason=row["reason"],
            received_at=to_milliseconds(received_at.astimezone(UTC)),
            recorded_at=now,
        ),
    )
