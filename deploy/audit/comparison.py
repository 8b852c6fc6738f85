"""The books held against each other, payment by payment: what differs, what is under way, what it comes to. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from deploy.audit.books import ACCOUNTS, ACQUIRER, PAYMENTS, Books, Charge, Credit, Payment, Posting

UNKNOWN_REGION = "?"


class Kind(Enum):
    """In which way two books differ about a payment."""

    CHARGE_UNKNOWN = "charge_unknown"
    CHARGE_ABSENT = "charge_absent"
    CHARGE_AMOUNT_DIFFERS = "charge_amount_differs"
    CHARGED_TWICE = "charged_twice"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_ABSENT = "refund_absent"
    POSTING_UNKNOWN = "posting_unknown"
    POSTING_ABSENT = "posting_absent"
    POSTING_AMOUNT_DIFFERS = "posting_amount_differs"
    CREDIT_UNKNOWN = "credit_unknown"
    CREDIT_ABSENT = "credit_absent"
    CREDIT_AMOUNT_DIFFERS = "credit_amount_differs"
    CREDITED_TWICE = "credited_twice"
    NOT_BALANCED = "not_balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two books that tell different sums; None is "not there". `left` is the one nearer to the payer."""

    kind: Kind
    payment_id: str
    region: str
    left_minor: int | None
    right_minor: int | None


@dataclass(slots=True, kw_only=True)
class Item:
    """All that the books hold of one payment."""

    payment_id: str
    charges: list[Charge] = field(default_factory=list)
    payment: Payment | None = None
    posting: Posting | None = None
    credits: list[Credit] = field(default_factory=list)

    @property
    def region(self) -> str:
        if self.posting:
            return self.posting.region
        return self.credits[0].region if self.credits else UNKNOWN_REGION

    @property
    def is_under_way(self) -> bool:
        return self.payment is not None and not self.payment.is_settled

    @property
    def charged_minor(self) -> int:
        return sum(charge.captured_minor for charge in self.charges)

    @property
    def given_back_minor(self) -> int:
        return sum(charge.refunded_minor for charge in self.charges)

    @property
    def posted_minor(self) -> int | None:
        return self.posting.posted_minor if self.posting else None

    @property
    def credited_minor(self) -> int:
        return sum(credit.amount_minor for credit in self.credits)


def items_of(books: Books, /) -> list[Item]:
    """Return what the books hold, gathered by payment; a charge without our id stands under the acquirer's."""
    items: dict[str, Item] = {}

    def item(payment_id: str) -> Item:
        return items.setdefault(payment_id, Item(payment_id=payment_id))

    for charge in books.charges:
        item(charge.payment_id or charge.acquirer_payment_id).charges.append(charge)
    for payment in books.payments:
        item(payment.payment_id).payment = payment
    for posting in books.postings:
        item(posting.payment_id).posting = posting
    for credit in books.credits:
        item(credit.payment_id).credits.append(credit)
    return [items[payment_id] for payment_id in sorted(items)]


def differences(books: Books, items: Sequence[Item], /) -> list[Difference]:
    """Return what differs between books that were read, about what is not under way."""
    return [found for item in items if not item.is_under_way for found in _differences_of(books, item)]


def confirmed(first: Sequence[Difference], second: Sequence[Difference], /) -> list[Difference]:
    """Return what differs by both of two readings: books that move are never read at one moment."""
    seen = {(difference.kind, difference.payment_id) for difference in first}
    return [difference for difference in second if (difference.kind, difference.payment_id) in seen]


def _differences_of(books: Books, item: Item) -> Iterator[Difference]:
    """Without the payments nothing is known to be settled, so nothing is compared."""
    if not books.has(PAYMENTS):
        return
    if books.has(ACQUIRER):
        yield from _charges(item)
    if books.has(ACCOUNTS):
        yield from _postings(item)
        if item.region in books.regions_read:
            yield from _credits(item)
    yield from _balance(item)


def _charges(item: Item) -> Iterator[Difference]:
    """A charge that was given back whole and of which we know nothing is settled; so is a second one."""
    captured = item.payment.captured_minor if item.payment else 0
    standing = [charge for charge in item.charges if charge.captured_minor != charge.refunded_minor]
    charges = standing or item.charges
    if len(standing) > 1:
        yield _difference(Kind.CHARGED_TWICE, item, item.charged_minor, captured or None)
    elif not captured:
        if standing:
            yield _difference(Kind.CHARGE_UNKNOWN, item, standing[0].captured_minor, None)
    elif not charges:
        yield _difference(Kind.CHARGE_ABSENT, item, None, captured)
    elif charges[0].captured_minor != captured:
        yield _difference(Kind.CHARGE_AMOUNT_DIFFERS, item, charges[0].captured_minor, captured)
    else:
        yield from _refunds(item, charges[0])


def _refunds(item: Item, charge: Charge) -> Iterator[Difference]:
    there, here = charge.refunded_minor, item.payment.refunded_minor if item.payment else 0
    if there != here:
        kind = Kind.REFUND_UNKNOWN if there > here else Kind.REFUND_ABSENT
        yield _difference(kind, item, there, here)


def _postings(item: Item) -> Iterator[Difference]:
    credited = (item.payment.credited_minor if item.payment else 0) or None
    yield from _compared(
        item, credited, item.posted_minor, Kind.POSTING_ABSENT, Kind.POSTING_UNKNOWN, Kind.POSTING_AMOUNT_DIFFERS
    )


def _credits(item: Item) -> Iterator[Difference]:
    """A reversal is recorded once the region's books no longer show it."""
    at_home = [credit for credit in item.credits if credit.region == item.region]
    for credit in item.credits:
        if credit not in at_home:
            yield replace(_difference(Kind.CREDIT_UNKNOWN, item, None, credit.amount_minor), region=credit.region)
    posted = item.posted_minor
    if posted is not None and item.payment:
        posted = (posted - item.payment.reversed_minor) or None
    credited = sum(credit.amount_minor for credit in at_home) or None
    if len(at_home) > 1:
        yield _difference(Kind.CREDITED_TWICE, item, posted, credited)
    else:
        yield from _compared(
            item, posted, credited, Kind.CREDIT_ABSENT, Kind.CREDIT_UNKNOWN, Kind.CREDIT_AMOUNT_DIFFERS
        )


def _balance(item: Item) -> Iterator[Difference]:
    """I2 in our own books: what was captured and not given back is what the region shows."""
    if item.payment:
        kept = item.payment.captured_minor - item.payment.refunded_minor
        if kept != item.payment.shown_minor:
            yield _difference(Kind.NOT_BALANCED, item, kept, item.payment.shown_minor)


def _compared(
    item: Item, left: int | None, right: int | None, absent: Kind, unknown: Kind, differs: Kind
) -> Iterator[Difference]:
    if left == right:
        return
    kind = absent if right is None else unknown if left is None else differs
    yield _difference(kind, item, left, right)


def _difference(kind: Kind, item: Item, left: int | None, right: int | None) -> Difference:
    return Difference(kind=kind, payment_id=item.payment_id, region=item.region, left_minor=left, right_minor=right)
