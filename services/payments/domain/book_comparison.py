"""The acquirer's registry held against our own books, item by item: pure, and the same for a whole day as for one
payment that is looked into."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.chassis.money import Money
from services.payments.domain.registry import (
    Charge,
    OwnBooks,
    OwnCapture,
    OwnRefund,
    Period,
    Registry,
    RegistryRefund,
)


class DifferenceKind(Enum):
    """In which way the books differ."""

    MISSING_HERE = "missing_here"
    MISSING_AT_ACQUIRER = "missing_at_acquirer"
    AMOUNT_DIFFERS = "amount_differs"
    CHARGED_TWICE = "charged_twice"
    REFUND_MISSING_HERE = "refund_missing_here"
    REFUND_MISSING_AT_ACQUIRER = "refund_missing_at_acquirer"
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    NOT_POSTED = "not_posted"


_ABOUT_REFUNDS = frozenset(
    {
        DifferenceKind.REFUND_MISSING_HERE,
        DifferenceKind.REFUND_MISSING_AT_ACQUIRER,
        DifferenceKind.REFUND_AMOUNT_DIFFERS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A charge or refund that stands otherwise there than here; None is "not there".

    `subject` tells what it is about: our payment, or the acquirer's where we know none, or the acquirer's refund.
    `acquirer_payment_ids` are the charges that it was seen in, those first that are not our payment's.
    """

    kind: DifferenceKind
    subject: str
    payment_id: str
    acquirer_payment_ids: tuple[str, ...]
    ours: Money | None
    theirs: Money | None

    @property
    def acquirer_payment_id(self) -> str:
        """The charge to look at first, empty when none is known."""
        return self.acquirer_payment_ids[0] if self.acquirer_payment_ids else ""

    @property
    def is_about_refund(self) -> bool:
        return self.kind in _ABOUT_REFUNDS


def differences(there: Registry, here: OwnBooks, /, *, held_before: datetime) -> Iterator[Difference]:
    """Yield what differs between two books, and what is held here since before that moment."""
    yield from _charges(there.charges, here.captures)
    yield from _refunds(there.refunds, here.refunds)
    yield from _held(here.captures, held_before=held_before)


def flaw_of(registry: Registry, period: Period, /) -> str | None:
    """Return in what a list of a period cannot be true, None when nothing speaks against it."""
    ids = [charge.acquirer_payment_id for charge in registry.charges]
    ids += [refund.acquirer_refund_id for refund in registry.refunds]
    if len(ids) != len(set(ids)):
        return "its list has a row twice"
    moments = [charge.captured_at for charge in registry.charges] + [refund.created_at for refund in registry.refunds]
    if not all(map(period.holds, moments)):
        return "its list goes beyond the period"
    if any(charge.refunded > charge.amount for charge in registry.charges):
        return "its list gives more back than was taken"
    return None


def _charges(charges: Sequence[Charge], captures: Sequence[OwnCapture]) -> Iterator[Difference]:
    ours = {capture.payment_id: capture for capture in captures}
    owners = {capture.acquirer_payment_id: capture.payment_id for capture in captures if capture.acquirer_payment_id}
    groups: dict[str, list[Charge]] = {}
    for charge in charges:
        owner = owners.get(charge.acquirer_payment_id, charge.payment_id)
        groups.setdefault(owner or charge.acquirer_payment_id, []).append(charge)
    for subject in sorted(ours.keys() | groups.keys()):
        yield from _of_one(subject, ours.get(subject), groups.get(subject, []))


def _of_one(subject: str, ours: OwnCapture | None, charges: Sequence[Charge]) -> Iterator[Difference]:
    """A charge that nobody here knows and that was given back whole is settled; our own one counts in any case."""
    own = [charge for charge in charges if ours and charge.acquirer_payment_id == ours.acquirer_payment_id]
    standing = [charge for charge in charges if charge.stands or charge in own]
    kind = _kind(ours, own, standing)
    if kind is None:
        return
    strange = [charge.acquirer_payment_id for charge in standing if charge not in own]
    yield Difference(
        kind=kind,
        subject=subject,
        payment_id=ours.payment_id if ours else charges[0].payment_id,
        acquirer_payment_ids=(*strange, *_known_id(ours)),
        ours=ours.amount if ours else None,
        theirs=sum((charge.amount for charge in standing), start=Money.zero()) if standing else None,
    )


def _kind(ours: OwnCapture | None, own: Sequence[Charge], standing: Sequence[Charge]) -> DifferenceKind | None:
    if not standing:
        return DifferenceKind.MISSING_AT_ACQUIRER if ours else None
    if len(standing) > 1:
        return DifferenceKind.CHARGED_TWICE
    if ours is None or (ours.acquirer_payment_id and not own):
        return DifferenceKind.MISSING_HERE
    return DifferenceKind.AMOUNT_DIFFERS if standing[0].amount != ours.amount else None


def _refunds(there: Sequence[RegistryRefund], here: Sequence[OwnRefund]) -> Iterator[Difference]:
    theirs = {refund.acquirer_refund_id: refund for refund in there}
    ours = {refund.acquirer_refund_id: refund for refund in here}
    for refund_id in sorted(theirs.keys() | ours.keys()):
        known, listed = ours.get(refund_id), theirs.get(refund_id)
        kind = _refund_kind(known, listed)
        if kind is not None:
            yield Difference(
                kind=kind,
                subject=refund_id,
                payment_id=known.payment_id if known else "",
                acquirer_payment_ids=(listed.acquirer_payment_id,) if listed else (),
                ours=known.amount if known else None,
                theirs=listed.amount if listed else None,
            )


def _refund_kind(ours: OwnRefund | None, theirs: RegistryRefund | None) -> DifferenceKind | None:
    if ours is None:
        return DifferenceKind.REFUND_MISSING_HERE
    if theirs is None:
        return DifferenceKind.REFUND_MISSING_AT_ACQUIRER
    return DifferenceKind.REFUND_AMOUNT_DIFFERS if ours.amount != theirs.amount else None


def _held(captures: Sequence[OwnCapture], *, held_before: datetime) -> Iterator[Difference]:
    for capture in captures:
        if capture.is_held and capture.captured_at <= held_before:
            yield Difference(
                kind=DifferenceKind.NOT_POSTED,
                subject=capture.payment_id,
                payment_id=capture.payment_id,
                acquirer_payment_ids=_known_id(capture),
                ours=capture.amount,
                theirs=None,
            )


def _known_id(ours: OwnCapture | None) -> tuple[str, ...]:
    return (ours.acquirer_payment_id,) if ours and ours.acquirer_payment_id else ()
