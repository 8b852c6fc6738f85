"""What a person reads of an audit, and what the exit status says."""

from dataclasses import replace

import pytest

from deploy.audit.books import ACQUIRER, Books, Incident, ledger_of
from deploy.audit.comparison import Kind, differences, items_of
from deploy.audit.report import DIFFERENT, EQUAL, NOT_ALL_READ, Audit, as_json, as_text
from deploy.audit.words import SAYS, TO_DO
from tests.audit.builders import make_books, make_payment, together


def _audit(books: Books) -> Audit:
    items = items_of(books)
    return Audit(period="from the first one until now", books=books, items=items, differences=differences(books, items))


def _rows(audit: Audit) -> list[list[str]]:
    return [line.split() for line in as_text(audit).splitlines()]


def test_equal_books_are_told_by_region_and_in_total_to_the_kopeck() -> None:
    moscow = make_books(make_payment("pay_2", kopecks=123_456_789), region="77")
    audit = _audit(together(make_books(make_payment(kopecks=5)), moscow))

    assert audit.status == EQUAL
    assert ["54", "1", "0.05", "0.00", "0.05", "0.05", "0.00"] in _rows(audit)
    total = next(line for line in as_text(audit).splitlines() if line.startswith("total"))
    assert total.split("  ")[-1].strip() == "0.00"
    assert "1 234 567.94" in total
    assert as_text(audit).endswith("Nothing differs.")


def test_a_difference_is_told_with_its_payment_both_sums_and_what_to_do() -> None:
    audit = _audit(replace(make_books(make_payment()), credits=()))

    text = as_text(audit)

    assert audit.status == DIFFERENT
    assert "pay_1  region 54, credit_absent: 450.00 against nothing" in text
    assert TO_DO[Kind.CREDIT_ABSENT] in text
    assert ["54", "1", "450.00", "0.00", "450.00", "0.00", "450.00"] in _rows(audit)


def test_what_is_under_way_is_in_no_sum_and_says_whom_it_waits_for() -> None:
    waiting = make_payment(state="reversal_due", refunded_minor=100, is_settled=False, problem="REVERSAL_NEEDED")
    audit = _audit(make_books(waiting))

    text = as_text(audit)

    assert audit.status == EQUAL
    assert "pay_1  reversal_due, captured 450.00, refunded 1.00, in the ledger 450.00" in text
    assert "waits for a person: REVERSAL_NEEDED" in text
    assert audit.sums == []


def test_chargebacks_stand_in_a_line_of_their_own() -> None:
    audit = _audit(make_books(make_payment(disputed_minor=45_000)))

    assert audit.status == EQUAL
    assert "Chargebacks: 1, 450.00;" in as_text(audit)


def test_a_book_that_was_not_read_is_named_and_outweighs_what_differs() -> None:
    books = replace(make_books(make_payment()), credits=(), unread={ledger_of("77"): "REGION_UNAVAILABLE"})
    audit = _audit(books)

    assert audit.status == NOT_ALL_READ
    assert "NOT READ: the ledger of region 77 (REGION_UNAVAILABLE)." in as_text(audit)
    assert as_text(audit).endswith("Not all books were read. Differences in the others: 1.")


def test_our_own_sums_stand_in_for_a_registry_that_was_not_read() -> None:
    books = replace(make_books(make_payment()), charges=(), unread={ACQUIRER: "away"})
    audit = _audit(books)

    assert ["54", "1", "450.00", "0.00", "450.00", "450.00", "0.00"] in _rows(audit)
    assert "Captured and refunded are ours" in as_text(audit)


def test_open_incidents_are_listed() -> None:
    incident = Incident(
        found_by="payments", incident_id="2026-11-26:pay_1:not_posted", kind="not_posted", opened_at="now"
    )
    audit = _audit(replace(make_books(), incidents=(incident,)))

    assert "2026-11-26:pay_1:not_posted  found by payments, open since now" in as_text(audit)


def test_a_program_reads_the_same_in_kopecks() -> None:
    document = as_json(_audit(replace(make_books(make_payment()), credits=())))

    assert document["status"] == DIFFERENT
    assert document["total"]["difference_minor"] == 45_000
    assert [(found["kind"], found["left_minor"], found["right_minor"]) for found in document["differences"]] == [
        ("credit_absent", 45_000, None)
    ]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words(kind: Kind) -> None:
    assert SAYS[kind]
    assert TO_DO[kind].endswith(".")
