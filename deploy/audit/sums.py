"""What the settled payments of each region come to, from both ends of the money's way. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.audit.books import ACCOUNTS, ACQUIRER, Books
from deploy.audit.comparison import UNKNOWN_REGION, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Kopecks of a region's settled payments. `shown_minor`, what its ledger shows, is None when that was not read."""

    region: str
    count: int
    captured_minor: int
    refunded_minor: int
    posted_minor: int
    shown_minor: int | None

    @property
    def difference_minor(self) -> int | None:
        """What was captured and neither given back nor is shown by the region (I2); None when that is not known."""
        if self.shown_minor is None:
            return None
        return self.captured_minor - self.refunded_minor - self.shown_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputes:
    """Chargebacks: how many payments, and what they come to."""

    count: int
    amount_minor: int


def sums_by_region(books: Books, items: Sequence[Item], /) -> list[Sums]:
    """Return the sums of each region. Captured and refunded are the acquirer's, ours where its registry was not read;
    posted is ours, shown is the region's."""
    regions: dict[str, list[Item]] = {}
    for item in items:
        if not item.is_under_way and (item.charges or item.credits or _moved(item)):
            regions.setdefault(item.region, []).append(item)
    return [_sums(books, region, regions[region]) for region in sorted(regions)]


def total_of(rows: Sequence[Sums], /) -> Sums:
    """Return what all regions come to; what one of them shows is not known unless it is of all."""
    shown = [row.shown_minor for row in rows]
    return Sums(
        region="total",
        count=sum(row.count for row in rows),
        captured_minor=sum(row.captured_minor for row in rows),
        refunded_minor=sum(row.refunded_minor for row in rows),
        posted_minor=sum(row.posted_minor for row in rows),
        shown_minor=None if None in shown else sum(amount for amount in shown if amount is not None),
    )


def disputes_of(books: Books, /) -> Disputes:
    """Return the chargebacks: they are recorded, and nothing is posted back for them."""
    disputed = [payment.disputed_minor for payment in books.payments if payment.disputed_minor]
    return Disputes(count=len(disputed), amount_minor=sum(disputed))


def _sums(books: Books, region: str, items: Sequence[Item]) -> Sums:
    own = not books.has(ACQUIRER)
    is_known = region in books.regions_read or (region == UNKNOWN_REGION and books.has(ACCOUNTS))
    return Sums(
        region=region,
        count=len(items),
        captured_minor=sum(_captured(item) if own else item.charged_minor for item in items),
        refunded_minor=sum(_refunded(item) if own else item.given_back_minor for item in items),
        posted_minor=sum(item.posted_minor or 0 for item in items),
        shown_minor=sum(item.credited_minor for item in items) if is_known else None,
    )


def _moved(item: Item) -> bool:
    return bool(_captured(item) or item.posted_minor)


def _captured(item: Item) -> int:
    return item.payment.captured_minor if item.payment else 0


def _refunded(item: Item) -> int:
    return item.payment.refunded_minor if item.payment else 0
