"""The bench's table: a rate, two latencies, and the ratio to the primitive that a scenario stands on."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.load import Latencies


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement; `beside` is what it is compared with."""

    name: str
    rate: float
    latencies: Latencies
    beside: "Row | None"

    @property
    def ratio(self) -> str:
        """How much of the primitive's rate is left."""
        return f"{self.rate / self.beside.rate:.2f} of {self.beside.name}" if self.beside else ""


def render(rows: Sequence[Row], /) -> str:
    """Return the table as text."""
    head = f"{'':<40} {'rate/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'failed':>7}  ratio"
    return "\n".join([head, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    numbers = f"{row.rate:>8.1f} {row.latencies.p50_ms:>8.1f} {row.latencies.p99_ms:>8.1f}"
    return f"{row.name:<40} {numbers} {row.latencies.failures:>7}  {row.ratio}"
