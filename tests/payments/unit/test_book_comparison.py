"""The pure comparison finds every difference between two books and nothing else."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.domain.book_comparison import Difference, DifferenceKind, differences, flaw_of
from services.payments.domain.registry import Charge, OwnBooks, OwnCapture, OwnRefund, Period, Registry
from tests.payments.builders import A_MORNING
from tests.payments.reconciliation_fakes import make_charge, make_registry_refund

_PERIOD = Period.of(date(2026, 11, 22))
_HELD_BEFORE = A_MORNING - timedelta(minutes=15)
_KOPECKS = st.integers(1, 10**9)


def _own(charge: Charge, **fields: object) -> OwnCapture:
    """Our side of a charge, in agreement with it."""
    defaults: dict[str, object] = {
        "payment_id": charge.payment_id,
        "acquirer_payment_id": charge.acquirer_payment_id,
        "amount": charge.amount,
        "captured_at": charge.captured_at,
        "is_held": False,
    }
    return OwnCapture(**defaults | fields)  # type: ignore[arg-type]


@st.composite
def _equal_books(draw: st.DrawFn) -> tuple[Registry, OwnBooks]:
    """A day on which both sides hold the same, some of it given back."""
    sums = draw(st.lists(_KOPECKS, min_size=1, max_size=8))
    charges = [make_charge(f"pay_{number}", kopecks=kopecks) for number, kopecks in enumerate(sums)]
    refunds = [
        make_registry_refund(charge, kopecks=draw(st.integers(1, charge.amount.amount_minor)))
        for charge in charges
        if draw(st.booleans())
    ]
    own_refunds = [
        OwnRefund(
            payment_id=refund.refund_id.partition(":")[0],
            acquirer_refund_id=refund.acquirer_refund_id,
            amount=refund.amount,
        )
        for refund in refunds
    ]
    there = Registry(charges=draw(st.permutations(charges)), refunds=refunds)
    return there, OwnBooks(captures=[_own(charge) for charge in charges], refunds=own_refunds)


def _found(there: Registry, here: OwnBooks) -> list[Difference]:
    return list(differences(there, here, held_before=_HELD_BEFORE))


@given(_equal_books())
def test_finds_nothing_where_nothing_differs(books: tuple[Registry, OwnBooks]) -> None:
    there, here = books

    assert _found(there, here) == []
    assert there.totals == here.totals
    assert flaw_of(there, _PERIOD) is None


@given(_equal_books(), st.sampled_from(sorted(DifferenceKind, key=lambda kind: kind.value)), st.data())
def test_finds_exactly_the_difference_that_was_planted(
    books: tuple[Registry, OwnBooks], kind: DifferenceKind, data: st.DataObject
) -> None:
    there, here = books
    if kind in {DifferenceKind.REFUND_MISSING_HERE, DifferenceKind.REFUND_MISSING_AT_ACQUIRER} or (
        kind is DifferenceKind.REFUND_AMOUNT_DIFFERS
    ):
        there, here = _with_a_refund(there, here)
    place = data.draw(st.integers(0, len(there.charges) - 1))

    lied_to, told, expected = _planted(there, here, kind, place=place)

    assert [(found.kind, found.ours, found.theirs) for found in _found(lied_to, told)] == [(kind, *expected)]


def _with_a_refund(there: Registry, here: OwnBooks) -> tuple[Registry, OwnBooks]:
    charge = make_charge("pay_given_back")
    refund = make_registry_refund(charge, kopecks=100)
    own = OwnRefund(payment_id=charge.payment_id, acquirer_refund_id=refund.acquirer_refund_id, amount=refund.amount)
    return (
        replace(there, charges=[*there.charges, charge], refunds=[*there.refunds, refund]),
        replace(here, captures=[*here.captures, _own(charge)], refunds=[*here.refunds, own]),
    )


def _planted(
    there: Registry, here: OwnBooks, kind: DifferenceKind, *, place: int
) -> tuple[Registry, OwnBooks, tuple[Money | None, Money | None]]:
    """Return the books with one difference, and what they then say here and there."""
    charge = there.charges[place]
    own = next(row for row in here.captures if row.payment_id == charge.payment_id)
    others_there = [row for row in there.charges if row is not charge]
    others_here = [row for row in here.captures if row is not own]
    amount, more = charge.amount, charge.amount + Money(1)
    match kind:
        case DifferenceKind.MISSING_HERE:
            return there, replace(here, captures=others_here), (None, amount)
        case DifferenceKind.MISSING_AT_ACQUIRER:
            return replace(there, charges=others_there), here, (amount, None)
        case DifferenceKind.AMOUNT_DIFFERS:
            changed = replace(charge, amount=more)
            return replace(there, charges=[*others_there, changed]), here, (amount, more)
        case DifferenceKind.CHARGED_TWICE:
            again = replace(charge, acquirer_payment_id="acquirer-again")
            return replace(there, charges=[*there.charges, again]), here, (amount, amount + amount)
        case DifferenceKind.NOT_POSTED:
            held = replace(own, is_held=True, captured_at=_HELD_BEFORE)
            return there, replace(here, captures=[*others_here, held]), (amount, None)
        case DifferenceKind.REFUND_MISSING_HERE:
            return there, replace(here, refunds=here.refunds[:-1]), (None, Money(100))
        case DifferenceKind.REFUND_MISSING_AT_ACQUIRER:
            return replace(there, refunds=there.refunds[:-1]), here, (Money(100), None)
        case DifferenceKind.REFUND_AMOUNT_DIFFERS:
            changed_refund = replace(here.refunds[-1], amount=Money(101))
            return there, replace(here, refunds=[*here.refunds[:-1], changed_refund]), (Money(101), Money(100))


def test_money_held_for_less_than_it_may_be_is_no_difference() -> None:
    charge = make_charge("pay_1")

    here = OwnBooks(captures=[_own(charge, is_held=True)])

    assert _found(Registry(charges=[charge]), here) == []


def test_a_charge_under_another_id_than_ours_is_not_known_here() -> None:
    charge = make_charge("pay_1", acquirer_payment_id="acquirer-other")

    (found,) = _found(Registry(charges=[charge]), OwnBooks(captures=[_own(charge, acquirer_payment_id="acquirer-1")]))

    assert (found.kind, found.acquirer_payment_ids) == (
        DifferenceKind.MISSING_HERE,
        ("acquirer-other", "acquirer-1"),
    )


def test_our_own_charge_counts_also_when_it_was_given_back_whole() -> None:
    charge = make_charge("pay_1", refunded=Money(45_000))

    assert _found(Registry(charges=[charge]), OwnBooks(captures=[_own(charge)])) == []


@pytest.mark.parametrize(
    ("registry", "flaw"),
    [
        (Registry(charges=[make_charge("pay_1")] * 2), "its list has a row twice"),
        (
            Registry(charges=[make_charge("pay_1", captured_at=_PERIOD.ends_at)]),
            "its list goes beyond the period",
        ),
        (
            Registry(refunds=[make_registry_refund(make_charge("p"), kopecks=1, created_at=A_MORNING.replace(day=1))]),
            "its list goes beyond the period",
        ),
        (
            Registry(charges=[make_charge("pay_1", refunded=Money(45_001))]),
            "its list gives more back than was taken",
        ),
    ],
)
def test_a_list_that_cannot_be_true_is_told_by_its_flaw(registry: Registry, flaw: str) -> None:
    assert flaw_of(registry, _PERIOD) == flaw


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2014, 10, 26), 25), (date(2011, 3, 27), 23), (date(2026, 11, 22), 24)]
)
def test_a_day_of_the_registry_is_as_long_as_the_clocks_of_moscow_make_it(day: date, hours: int) -> None:
    period = Period.of(day)

    assert period.ends_at - period.begins_at == timedelta(hours=hours)
    assert Period.of(day + timedelta(days=1)).begins_at == period.ends_at
