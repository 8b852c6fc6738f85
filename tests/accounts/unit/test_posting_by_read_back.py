"""Posting to a region that applies a payment as often as it is sent: it is sent once, whoever dies or sleeps where."""

import linecache
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import pytest

from services.accounts.application import posting_attempts, settle_posting
from services.accounts.domain import posting as posting_module
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import AccountClosed, RegionNotAsked, RegionUnavailable
from services.accounts.domain.posting import Posting, PostingState
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.money import Money
from tests.accounts.builders import SettableClock
from tests.accounts.fakes import FakeRegions
from tests.accounts.posting_office import LEASE, Killed, PostingOffice

_SETTLES_AFTER = timedelta(minutes=2)
_SETTLED_AFTER = LEASE * 2 / 3 + _SETTLES_AFTER  # counted from the save before a try: its call has ended by two thirds
_TERMS = PostingTerms(deduplicates=False, settles_after=_SETTLES_AFTER)
_TRACED = {module.__file__ for module in (posting_attempts, settle_posting, posting_module)}
_NOTHING: Callable[[], None] = lambda: None  # noqa: E731


class ForgetfulRegion(FakeRegions):
    """Applies whatever it is sent. `late_by` lets the next payment arrive that much later, with no answer now;
    `answers_late_by` is how long what it has read in its books is on its way."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.ledger: list[str] = []
        self.sent = 0
        self.late_by: timedelta | None = None
        self.answers_late_by = timedelta(0)
        self._time = clock
        self._under_way: list[tuple[datetime, Callable[[], RegionalPosting]]] = []

    def post_payment(
        self, key: AccountKey, /, *, payment_id: str, amount: Money, captured_at: datetime
    ) -> RegionalPosting:
        self.sent += 1
        self._answering("post_payment")

        def apply() -> RegionalPosting:
            self.ledger.append(payment_id)
            self.books.pop(payment_id, None)
            return FakeRegions.post_payment(self, key, payment_id=payment_id, amount=amount, captured_at=captured_at)

        if self.late_by is not None:
            self._under_way.append((self._clock.now() + self.late_by, apply))
            self.late_by = None
            raise RegionUnavailable(region=key.region)
        return apply()

    def posting(self, region: str, /, *, payment_id: str) -> RegionalPosting | None:
        arrived = [entry for entry in self._under_way if entry[0] <= self._clock.now()]
        self._under_way = [entry for entry in self._under_way if entry not in arrived]
        for _, apply in arrived:
            apply()
        found = super().posting(region, payment_id=payment_id)
        self._time.advance(seconds=self.answers_late_by.total_seconds())
        return found


class Office(PostingOffice):
    """With the forgetful region."""

    def __init__(self) -> None:
        super().__init__(terms=_TERMS)
        self.region = ForgetfulRegion(self.clock)
        self.regions = self.region

    def deduplicates(self, does: bool) -> None:
        """Have the registry say so of the region, or not."""
        self.terms = PostingTerms() if does else _TERMS

    def settle_soon(self, *, seconds: int = 600) -> None:
        """Go on second by second, as a dispatcher would."""
        for _ in range(seconds):
            while self.settle():
                pass
            self.clock.advance(seconds=1)


@pytest.fixture
def office() -> Office:
    return Office()


def _once(error: BaseException, *, method: str = "post_payment") -> Callable[[str], None]:
    left = [error]

    def trouble(called: str) -> None:
        if called == method and left:
            raise left.pop()

    return trouble


def _posted_once(office: Office, posting: Posting) -> bool:
    announced = [type(event).__name__ for event in office.postings.shelf.announced]
    return (office.found(posting).state, office.region.ledger, announced) == (
        PostingState.POSTED,
        [posting.payment_id],
        ["PaymentPosted"],
    )


def _runs_through(office: Office) -> None:
    pass


def _loses_its_answer(office: Office) -> None:
    office.region.after = _once(RegionUnavailable(region="54"))


def _is_not_reached(office: Office) -> None:
    office.region.trouble = _once(RegionUnavailable(region="54"))


def _arrives_late(office: Office) -> None:
    office.region.late_by = _SETTLES_AFTER - timedelta(seconds=1)


def _is_left_alone(office: Office) -> None:
    office.region.trouble = _once(RegionNotAsked(region="54"))


_FATES = [_runs_through, _loses_its_answer, _is_not_reached, _arrives_late, _is_left_alone]


@pytest.mark.parametrize("fate", _FATES)
def test_is_credited_once(office: Office, fate: Callable[[Office], None]) -> None:
    posting = office.requested()
    fate(office)

    office.settle_soon()

    assert _posted_once(office, posting)


def _at_line(number: int, happens: Callable[[], None], act: Callable[[], object]) -> str:
    """Act, and let something happen before the n-th line of ours is run; return that line, or nothing if it is never
    reached."""
    reached: list[str] = []
    seen = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal seen
        if frame.f_code.co_filename not in _TRACED:
            return None
        if event == "line":
            seen += 1
            if seen == number:
                reached.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip())
                sys.settrace(None)
                happens()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except Killed:
        pass
    finally:
        sys.settrace(before)
    return reached[0] if reached else ""


def _die() -> None:
    raise Killed


@pytest.mark.parametrize("fate", _FATES)
@pytest.mark.parametrize("earlier_tries", [0, 1])
def test_is_credited_once_whatever_line_its_process_is_killed_at(
    fate: Callable[[Office], None], earlier_tries: int
) -> None:
    lines = 0
    for number in range(1, 500):
        office = Office()
        posting = office.requested()
        if earlier_tries:
            _is_not_reached(office)
            office.settle()
            office.clock.advance(seconds=_SETTLED_AFTER.total_seconds())
        fate(office)

        reached = _at_line(number, _die, office.settle)
        office.settle_soon()

        assert _posted_once(office, posting), f"killed at {reached!r}: {office.region.ledger}"
        if not reached:
            break
        lines += 1
    assert lines > 30


def test_a_process_that_sleeps_sends_a_second_time_at_most_when_it_sleeps_within_the_call_itself() -> None:
    twice = set()
    for number in range(1, 500):
        office = Office()
        posting = office.requested()

        reached = _at_line(number, office.settle_soon, office.settle)

        office.settle_soon()
        if not _posted_once(office, posting):
            assert office.found(posting).state is PostingState.POSTED
            twice.add(reached)
        if not reached:
            break

    assert twice <= {
        "return self.billing.post_payment(",
        "key,",
        "payment_id=posting.payment_id,",
        "amount=posting.amount,",
        "captured_at=posting.captured_at,",
    }


def test_nothing_is_sent_while_an_earlier_try_may_still_arrive(office: Office) -> None:
    office.requested()
    office.region.trouble = _once(RegionUnavailable(region="54"))

    office.settle_soon(seconds=int(_SETTLED_AFTER.total_seconds()))
    assert office.region.sent == 1
    assert office.region.calls.count("posting") > 3

    office.settle_soon(seconds=30)
    assert office.region.sent == 2


def test_what_arrives_while_the_region_says_that_it_has_nothing_is_not_sent_again(office: Office) -> None:
    posting = office.requested()
    _arrives_late(office)
    office.settle()
    office.clock.advance(seconds=_SETTLES_AFTER.total_seconds() - 2)

    office.region.answers_late_by = LEASE
    while office.settle():
        pass
    office.region.answers_late_by = timedelta(0)
    office.settle_soon()

    assert _posted_once(office, posting)
    assert office.region.sent == 1


def test_a_try_from_before_the_region_was_known_to_forget_is_waited_for_too(office: Office) -> None:
    posting = office.requested()
    office.region.trouble = _once(RegionUnavailable(region="54"))
    office.deduplicates(True)
    office.settle()

    office.deduplicates(False)
    office.settle_soon(seconds=int(_SETTLED_AFTER.total_seconds()))
    assert office.region.sent == 1

    office.settle_soon(seconds=30)
    assert _posted_once(office, posting)


def test_a_calendar_that_jumps_does_not_make_a_message_arrive_sooner(office: Office) -> None:
    posting = office.requested()
    office.region.trouble = _once(RegionUnavailable(region="54"))
    office.machine_clock = SettableClock(office.clock.now())
    office.settle()

    office.clock.advance(days=40)
    office.settle()

    assert office.region.sent == 1
    office.machine_clock.advance(seconds=_SETTLED_AFTER.total_seconds())
    office.clock.advance(seconds=_SETTLED_AFTER.total_seconds())
    office.settle()
    assert _posted_once(office, posting)


def test_a_try_that_is_saved_too_late_does_not_leave(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    posting = office.requested()
    save = office.postings.save

    def save_slowly(saved: Posting) -> None:
        save(saved)
        office.clock.advance(seconds=LEASE.total_seconds() / 2)

    with monkeypatch.context() as patch:
        patch.setattr(office.postings, "save", save_slowly)
        office.settle()
    assert office.region.sent == 0

    office.settle_soon()
    assert _posted_once(office, posting)


def test_a_final_refusal_goes_back_to_the_payer_and_is_not_sent_again(office: Office) -> None:
    posting = office.requested()
    office.region.trouble = _once(AccountClosed())

    office.settle_soon()

    assert office.found(posting).state is PostingState.REFUSED
    assert (office.region.ledger, office.region.sent) == ([], 1)


def test_what_the_books_never_tell_goes_to_a_person_and_is_never_sent_again(office: Office) -> None:
    posting = office.requested()
    office.region.after = _once(RegionUnavailable(region="54"))
    office.settle()

    def books_closed(method: str) -> None:
        raise RegionUnavailable(region="54")

    office.region.trouble = books_closed
    office.settle_all(tries=12 * 24 + 1)

    assert office.found(posting).needs_person
    assert office.region.ledger == [posting.payment_id]
    assert office.region.sent == 1
