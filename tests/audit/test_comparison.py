"""The audit finds every difference between the four books and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.audit.books import (
    ACCOUNTS,
    ACQUIRER,
    PAYMENTS,
    Books,
    Charge,
    Credit,
    LedgerEnd,
    Payment,
    ledger_of,
    ledgers_of,
)
from deploy.audit.comparison import Difference, Kind, confirmed, differences, items_of
from deploy.audit.sums import sums_by_region, total_of
from tests.audit.builders import make_books, make_charge, make_payment, make_posting, together

_KOPECKS = st.integers(1, 10**12)


@st.composite
def _payments(draw: st.DrawFn, number: int) -> Payment:
    """A payment in any state in which everybody's books agree about it, or which is under way."""
    kopecks, payment_id = draw(_KOPECKS), f"pay_{number}"
    back = draw(st.integers(1, kopecks))
    return draw(
        st.sampled_from(
            [
                make_payment(payment_id, kopecks=kopecks),
                make_payment(payment_id, kopecks=kopecks, refunded_minor=kopecks, credited_minor=0, state="refunded"),
                make_payment(payment_id, kopecks=kopecks, refunded_minor=back, reversed_minor=back),
                make_payment(payment_id, kopecks=kopecks, state="captured", credited_minor=0, is_settled=False),
                make_payment(payment_id, kopecks=kopecks, state="reversal_due", refunded_minor=back, is_settled=False),
            ]
        )
    )


@st.composite
def _agreeing(draw: st.DrawFn) -> Books:
    numbers = range(draw(st.integers(0, 6)))
    regions = [draw(st.sampled_from(["54", "77"])) for _ in numbers]
    return together(
        *(make_books(draw(_payments(number)), region=region) for number, region in zip(numbers, regions, strict=True))
    )


def _found(books: Books) -> list[Difference]:
    return differences(books, items_of(books))


def _kinds(books: Books) -> set[Kind]:
    found = _found(books)
    assert len(found) == len({(each.kind, each.payment_id) for each in found})
    return {each.kind for each in found}


@given(_agreeing())
def test_finds_nothing_where_nothing_differs_and_the_sums_come_to_nothing(books: Books) -> None:
    rows = sums_by_region(books, items_of(books))

    assert _found(books) == []
    assert [row.difference_minor for row in [*rows, total_of(rows)]] == [0] * (len(rows) + 1)


def _charge_of(books: Books, **fields: object) -> Books:
    return replace(books, charges=(replace(books.charges[0], **fields), *books.charges[1:]))  # type: ignore[arg-type]


def _payment_of(books: Books, **fields: object) -> Books:
    return replace(books, payments=(replace(books.payments[0], **fields), *books.payments[1:]))  # type: ignore[arg-type]


def _posting_of(books: Books, **fields: object) -> Books:
    return replace(books, postings=(replace(books.postings[0], **fields), *books.postings[1:]))  # type: ignore[arg-type]


def _credit_of(books: Books, **fields: object) -> Books:
    return replace(books, credits=(replace(books.credits[0], **fields), *books.credits[1:]))  # type: ignore[arg-type]


# What is planted about the first payment, and what is found: a lie in a book in the middle disagrees with both sides.
_LIES: dict[str, tuple[Callable[[Books], Books], set[Kind]]] = {
    "the acquirer lost it": (lambda books: replace(books, charges=books.charges[1:]), {Kind.CHARGE_ABSENT}),
    "the acquirer took more": (
        lambda books: _charge_of(books, captured_minor=books.charges[0].captured_minor + 1),
        {Kind.CHARGE_AMOUNT_DIFFERS},
    ),
    "the acquirer took it twice": (
        lambda books: replace(
            books, charges=(*books.charges, replace(books.charges[0], acquirer_payment_id="acquirer-again"))
        ),
        {Kind.CHARGED_TWICE},
    ),
    "the acquirer gave some back": (lambda books: _charge_of(books, refunded_minor=1), {Kind.REFUND_UNKNOWN}),
    "we gave some back": (
        lambda books: _payment_of(books, refunded_minor=1),
        {Kind.REFUND_ABSENT, Kind.NOT_BALANCED},
    ),
    "both gave some back and nobody told the region": (
        lambda books: _payment_of(_charge_of(books, refunded_minor=1), refunded_minor=1),
        {Kind.NOT_BALANCED},
    ),
    "we lost it": (
        lambda books: replace(books, payments=books.payments[1:]),
        {Kind.CHARGE_UNKNOWN, Kind.POSTING_UNKNOWN},
    ),
    "we call it not credited": (
        lambda books: _payment_of(books, credited_minor=0),
        {Kind.POSTING_UNKNOWN, Kind.NOT_BALANCED},
    ),
    "its posting was lost": (
        lambda books: replace(books, postings=books.postings[1:]),
        {Kind.POSTING_ABSENT, Kind.CREDIT_UNKNOWN},
    ),
    "its posting is another sum": (
        lambda books: _posting_of(books, amount_minor=books.postings[0].amount_minor + 1),
        {Kind.POSTING_AMOUNT_DIFFERS, Kind.CREDIT_AMOUNT_DIFFERS},
    ),
    "its posting was refused": (
        lambda books: _posting_of(books, state="refused"),
        {Kind.POSTING_ABSENT, Kind.CREDIT_UNKNOWN},
    ),
    "the region lost it": (lambda books: replace(books, credits=books.credits[1:]), {Kind.CREDIT_ABSENT}),
    "the region credited more": (
        lambda books: _credit_of(books, amount_minor=books.credits[0].amount_minor + 1),
        {Kind.CREDIT_AMOUNT_DIFFERS},
    ),
    "the region credited it twice": (
        lambda books: replace(books, credits=(*books.credits, books.credits[0])),
        {Kind.CREDITED_TWICE},
    ),
    "another region credited it": (
        lambda books: _credit_of(books, region="77"),
        {Kind.CREDIT_ABSENT, Kind.CREDIT_UNKNOWN},
    ),
    "the region credited what nobody paid": (
        lambda books: replace(
            books, credits=(*books.credits, Credit(payment_id="pay_of_nobody", region="54", amount_minor=5))
        ),
        {Kind.CREDIT_UNKNOWN},
    ),
    "the acquirer took what nobody ordered": (
        lambda books: replace(
            books,
            charges=(
                *books.charges,
                Charge(payment_id="", acquirer_payment_id="acquirer-1", captured_minor=5, refunded_minor=0),
            ),
        ),
        {Kind.CHARGE_UNKNOWN},
    ),
}


@pytest.mark.parametrize("lie", _LIES)
@given(others=_agreeing(), kopecks=_KOPECKS)
def test_finds_exactly_the_lie_that_was_planted(lie: str, others: Books, kopecks: int) -> None:
    plant, kinds = _LIES[lie]
    books = plant(together(make_books(make_payment("pay_ours", kopecks=kopecks + 1)), others))

    assert _kinds(books) == kinds
    assert {found.payment_id for found in _found(books)} <= {"pay_ours", "pay_of_nobody", "acquirer-1"}


def test_every_kind_is_planted_somewhere() -> None:
    assert set().union(*(kinds for _, kinds in _LIES.values())) == set(Kind)


def test_a_refund_that_was_never_credited_is_equal_with_nothing_posted() -> None:
    payment = make_payment(refunded_minor=45_000, credited_minor=0, state="refunded")

    assert _found(make_books(payment)) == []


def test_what_is_not_settled_differs_in_nothing() -> None:
    payment = make_payment(state="unknown", captured_minor=0, credited_minor=0, is_settled=False)
    books = replace(make_books(payment), charges=(make_charge(payment, captured_minor=45_000),))

    assert _found(books) == []


def test_a_second_charge_that_was_given_back_is_settled() -> None:
    payment = make_payment()
    again = make_charge(payment, acquirer_payment_id="acquirer-again", refunded_minor=45_000)

    assert _found(replace(make_books(payment), charges=(again, make_charge(payment)))) == []


def test_a_charge_of_nobody_that_was_given_back_is_settled() -> None:
    payment = make_payment()
    strange = make_charge(make_payment("pay_of_nobody"), refunded_minor=45_000)

    assert _found(replace(make_books(payment), charges=(make_charge(payment), strange))) == []


def test_only_what_two_readings_find_is_a_difference() -> None:
    lost = _found(replace(make_books(make_payment()), credits=()))
    late = _found(replace(make_books(make_payment("pay_2")), charges=()))

    assert confirmed([*lost, *late], lost) == lost
    assert confirmed(late, lost) == []


@pytest.mark.parametrize(
    ("unread", "kinds"),
    [
        (ACQUIRER, {Kind.POSTING_AMOUNT_DIFFERS, Kind.CREDIT_AMOUNT_DIFFERS}),
        (ACCOUNTS, {Kind.CHARGE_AMOUNT_DIFFERS}),
        (PAYMENTS, set()),
    ],
)
def test_a_book_that_was_not_read_is_compared_with_nothing(unread: str, kinds: set[Kind]) -> None:
    books = _posting_of(_charge_of(make_books(make_payment()), captured_minor=1), amount_minor=2)

    assert _kinds(replace(books, unread={unread: "away"})) == kinds


def test_a_region_that_was_not_read_is_compared_with_nothing_and_the_others_are() -> None:
    here, there = make_books(make_payment("pay_1")), make_books(make_payment("pay_2"), region="77")
    books = replace(together(here, there), credits=(), regions_read=frozenset({"77"}))

    rows = sums_by_region(books, items_of(books))

    assert [(found.payment_id, found.kind) for found in _found(books)] == [("pay_2", Kind.CREDIT_ABSENT)]
    assert [(row.region, row.shown_minor, row.difference_minor) for row in rows] == [
        ("54", None, None),
        ("77", 0, 45_000),
    ]
    assert total_of(rows).difference_minor is None


def test_rows_of_a_ledger_that_ended_early_count_for_nothing() -> None:
    lines: list[Credit | LedgerEnd] = [
        Credit(region="54", payment_id="pay_1", amount_minor=100),
        LedgerEnd(region="54", is_read=True, problem=None),
        Credit(region="77", payment_id="pay_2", amount_minor=100),
        LedgerEnd(region="77", is_read=False, problem="REGION_UNAVAILABLE"),
    ]

    credits, read, unread = ledgers_of(lines)

    assert [credit.payment_id for credit in credits] == ["pay_1"]
    assert (read, unread) == (frozenset({"54"}), {ledger_of("77"): "REGION_UNAVAILABLE"})


def test_sums_are_of_settled_payments_by_region() -> None:
    waiting = make_payment("pay_3", state="captured", credited_minor=0, is_settled=False)
    given_back = make_payment("pay_2", kopecks=300, refunded_minor=100, reversed_minor=100)
    books = together(make_books(make_payment(), waiting), make_books(given_back, region="77"))

    first, second = sums_by_region(books, items_of(books))

    assert (first.region, first.count, first.captured_minor, first.posted_minor, first.shown_minor) == (
        "54",
        1,
        45_000,
        45_000,
        45_000,
    )
    assert (second.refunded_minor, second.posted_minor, second.shown_minor) == (100, 300, 200)
    assert make_posting(waiting).posted_minor is None
