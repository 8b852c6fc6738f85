"""Bills of the regions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.application.store_bills import StoreBills
from services.accounts.application.take_feed import TakeBills
from services.accounts.domain.events import RegionalBillReceived
from services.accounts.domain.feed import FeedRecordInvalid
from services.accounts.domain.regional_bill import BillContent, BillDoesNotAddUp, BillRevisionReused
from tests.accounts.builders import SettableClock, make_bill
from tests.accounts.fakes import FakeRegionalBills

_KOPECKS = st.integers(min_value=-(10**12), max_value=10**12)


def _take(bills: FakeRegionalBills, *contents: BillContent) -> int:
    return TakeBills(store=StoreBills(bills=bills, clock=SettableClock()))(contents)


@given(lines=st.lists(_KOPECKS, max_size=8).map(tuple), opening=_KOPECKS, received=_KOPECKS, off=_KOPECKS)
def test_a_bill_is_taken_exactly_when_it_adds_up(lines: tuple[int, ...], opening: int, received: int, off: int) -> None:
    right = make_bill(line_kopecks=lines, opening_kopecks=opening, received_kopecks=received)
    right.check(position=0)

    wrong = make_bill(
        line_kopecks=lines,
        opening_kopecks=opening,
        received_kopecks=received,
        due_kopecks=right.amount_due.amount_minor + off,
    )
    if off:
        with pytest.raises(BillDoesNotAddUp):
            wrong.check(position=0)


def test_stores_and_announces_a_bill_once_however_often_it_comes() -> None:
    bills = FakeRegionalBills()

    assert _take(bills, make_bill(), make_bill()) == 2
    assert _take(bills, make_bill()) == 1

    (announced,) = bills.shelf.announced
    assert isinstance(announced, RegionalBillReceived)
    assert len(bills.shelf.kept) == 1


def test_the_first_content_stays_and_another_one_is_named_by_its_position() -> None:
    bills = FakeRegionalBills()
    _take(bills, make_bill(line_kopecks=(750_00,)))

    with pytest.raises(BillRevisionReused) as refused:
        _take(bills, make_bill(bill_number="other"), make_bill(line_kopecks=(760_00,)))

    assert refused.value.metadata == {"position": "1"}
    assert sum(bill.content.bill_number == "54-2026-10" for bill in bills.shelf.kept.values()) == 1


def test_a_correction_is_a_bill_of_its_own() -> None:
    bills = FakeRegionalBills()

    _take(bills, make_bill(), make_bill(revision=2, line_kopecks=(700_00,)))

    assert sorted(bill.content.revision for bill in bills.shelf.kept.values()) == [1, 2]


def test_stores_nothing_of_a_batch_with_a_bill_that_does_not_add_up() -> None:
    bills = FakeRegionalBills()

    with pytest.raises(BillDoesNotAddUp):
        _take(bills, make_bill(), make_bill(bill_number="other", due_kopecks=1))

    assert bills.shelf.kept == {}


@pytest.mark.parametrize("content", [make_bill(revision=0), make_bill(bill_number="")])
def test_a_bill_without_number_or_revision_is_none(content: BillContent) -> None:
    with pytest.raises(FeedRecordInvalid):
        content.check(position=0)


def test_refuses_a_batch_that_is_too_large() -> None:
    with pytest.raises(FeedRecordInvalid):
        _take(FakeRegionalBills(), *[make_bill()] * 101)
