"""What a region's ledger holds of a period is found by its list, and by asking where the list shows nothing."""

from datetime import timedelta

import pytest

from services.accounts.application.read_ledger import ReadLedger
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.reconciliation import Period, Totals
from services.chassis.money import Money
from tests.accounts.auditor import Auditor
from tests.accounts.builders import A_MORNING, make_answer, make_posting
from tests.accounts.reconciliation_fakes import FakeCapturedPostings, make_booked

_PERIOD = Period(begins_at=A_MORNING - timedelta(hours=1), ends_at=A_MORNING + timedelta(hours=1))


@pytest.fixture
def auditor() -> Auditor:
    return Auditor()


def _read(auditor: Auditor, period: Period = _PERIOD) -> dict[str, list[int]]:
    """Return what the ledger holds, as lists of kopecks by payment."""
    read = ReadLedger(
        captured=FakeCapturedPostings(auditor.postings),
        postings=auditor.postings,
        regional_books=auditor.region,
        wait=auditor.waited.append,
        items_per_s=20,
    )
    found: dict[str, list[int]] = {}
    for payment in read("54", period):
        found.setdefault(payment.payment_id, []).append(payment.amount.amount_minor)
    return found


@pytest.mark.parametrize("lists", [True, False])
def test_reads_what_is_there_and_nothing_of_what_was_lost(auditor: Auditor, lists: bool) -> None:
    auditor.region.lists = lists
    paid = [auditor.posted(kopecks=kopecks) for kopecks in (100, 200, 300)]
    auditor.posted(in_region=False)

    assert _read(auditor) == {posting.payment_id: [posting.amount.amount_minor] for posting in paid}


def test_asks_a_region_that_lists_nothing_no_faster_than_it_may(auditor: Auditor) -> None:
    auditor.region.lists = False
    for _ in range(3):
        auditor.posted()

    _read(auditor)

    assert auditor.waited == [0.05] * 3


def test_a_payment_posted_twice_comes_twice_and_one_of_nobody_comes_too(auditor: Auditor) -> None:
    posting = auditor.posted(kopecks=100)
    auditor.region.extra = [make_booked(posting.payment_id, kopecks=100), make_booked("pay_of_nobody", kopecks=5)]

    assert _read(auditor) == {posting.payment_id: [100, 100], "pay_of_nobody": [5]}


def test_a_payment_that_we_call_refused_and_the_region_credited_is_read(auditor: Auditor) -> None:
    posting = make_posting(kopecks=100, now=auditor.clock.now())
    posting.refuse("ACCOUNT_CLOSED", now=auditor.clock.now())
    auditor.postings.save(posting)
    auditor.region.books[posting.payment_id] = make_answer(posting, at=auditor.clock.now())

    assert _read(auditor) == {posting.payment_id: [100]}


def test_what_was_captured_in_the_period_counts_whenever_it_was_posted(auditor: Auditor) -> None:
    late = auditor.posted(kopecks=100)
    auditor.region.books[late.payment_id] = make_answer(late, at=A_MORNING + timedelta(days=9))
    auditor.clock.advance(hours=3)
    other = auditor.posted(kopecks=200)
    auditor.region.extra = [make_booked("pay_of_nobody", posted_at=auditor.clock.now())]
    afterwards = Period(begins_at=_PERIOD.ends_at, ends_at=_PERIOD.ends_at + timedelta(hours=9))

    assert _read(auditor) == {late.payment_id: [100]}
    assert _read(auditor, afterwards) == {other.payment_id: [200], "pay_of_nobody": [45000]}


def test_a_region_that_is_away_or_contradicts_itself_is_read_by_nobody(auditor: Auditor) -> None:
    auditor.posted()
    auditor.region.totals = Totals(1, Money(1))
    with pytest.raises(RegionAnswerInvalid):
        _read(auditor)

    auditor.region.down()
    with pytest.raises(RegionUnavailable):
        _read(auditor)
