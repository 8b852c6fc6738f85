"""The posting saga: whatever goes wrong at whatever line, captured is posted exactly once, or refused and not
posted."""

from collections.abc import Callable

import pytest

from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import AccountClosed, RegionAnswerInvalid, RegionNotAsked, RegionUnavailable
from services.accounts.domain.events import PaymentPosted, PostingRefused
from services.accounts.domain.posting import Posting, PostingState
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import KEY
from tests.accounts.posting_office import Killed, PostingOffice


@pytest.fixture
def office() -> PostingOffice:
    return PostingOffice()


def _once(error: BaseException, *, method: str) -> Callable[[str], None]:
    """Trouble at the first call of a method."""
    left = [error]

    def trouble(called: str) -> None:
        if called == method and left:
            raise left.pop()

    return trouble


def _posted_once(office: PostingOffice, posting: Posting) -> None:
    assert office.found(posting).state is PostingState.POSTED
    assert office.regions.books[posting.payment_id].amount == posting.amount
    assert office.regions.balance == Money(100_00) + posting.amount
    assert [event.payment_id for event in office.postings.shelf.announced if isinstance(event, PaymentPosted)] == [
        posting.payment_id
    ]
    assert not any(isinstance(event, PostingRefused) for event in office.postings.shelf.announced)


def test_posts_and_shows_the_new_balance(office: PostingOffice) -> None:
    posting = office.requested(kopecks=45000)

    assert office.settle()

    _posted_once(office, posting)
    shown = office.snapshots.get(KEY).balance
    assert shown is not None
    assert shown.value == Money(550_00)
    assert office.rechecked == [KEY]
    assert not office.settle()


@pytest.mark.parametrize(
    "error",
    [
        RegionUnavailable(region="54"),
        RegionAnswerInvalid(region="54", problem="garbage"),
        Killed(),
    ],
)
@pytest.mark.parametrize("when", ["trouble", "after"])
def test_posts_once_whatever_happens_around_the_call(office: PostingOffice, error: BaseException, when: str) -> None:
    posting = office.requested()
    setattr(office.regions, when, _once(error, method="post_payment"))

    if isinstance(error, Killed):
        with pytest.raises(Killed):
            office.settle()
    office.settle_all()

    _posted_once(office, posting)


def test_posts_once_when_killed_between_the_answer_and_the_save(
    office: PostingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting = office.requested()

    def die(_posting: Posting) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(office.postings, "save", die)
        office.settle()
    office.settle_all()

    _posted_once(office, posting)


def test_asks_before_it_sends_again_after_an_unknown_outcome(office: PostingOffice) -> None:
    office.requested()
    office.regions.after = _once(RegionUnavailable(region="54"), method="post_payment")

    office.settle_all()

    assert office.regions.calls == ["post_payment", "posting"]


def test_a_refusal_is_final_and_announced_once(office: PostingOffice) -> None:
    posting = office.requested()
    office.regions.trouble = _once(AccountClosed(), method="post_payment")

    office.settle_all()

    assert office.found(posting).state is PostingState.REFUSED
    assert office.regions.books == {}
    (event,) = office.postings.shelf.announced
    assert isinstance(event, PostingRefused)
    assert event.refusal_reason == "ACCOUNT_CLOSED"


def test_a_refusal_of_what_was_credited_before_gives_nothing_back(office: PostingOffice) -> None:
    posting = office.requested()
    office.regions.after = _once(Killed(), method="post_payment")
    with pytest.raises(Killed):
        office.settle()
    office.regions.trouble = _once(AccountClosed(), method="post_payment")

    office.settle_all()

    _posted_once(office, posting)


def test_a_refusal_that_cannot_be_checked_is_not_believed_yet(office: PostingOffice) -> None:
    posting = office.requested()

    def trouble(method: str) -> None:
        raise AccountClosed() if method == "post_payment" else RegionUnavailable(region="54")

    office.regions.trouble = trouble
    office.settle()

    assert office.found(posting).state is PostingState.REQUESTED
    assert office.found(posting).outcome_unknown


def test_an_echo_with_another_sum_is_neither_posted_nor_refused(office: PostingOffice) -> None:
    posting = office.requested()
    office.settle_all(tries=0)
    wrong = RegionalPosting(
        payment_id=posting.payment_id,
        number=KEY.number,
        amount=Money(1),
        posted_at=office.clock.now(),
        balance_after=Money(1),
        service_restored_at=None,
    )
    office.regions.post_payment = lambda *_, **__: wrong  # type: ignore[method-assign]
    office.regions.books[posting.payment_id] = wrong

    office.settle_all()

    found = office.found(posting)
    assert (found.state, found.last_problem) == (PostingState.REQUESTED, "the posting echoed is not the one sent")
    assert office.postings.shelf.announced == []
    assert office.snapshots.get(KEY).balance is None


def test_a_zombie_changes_nothing_when_it_wakes_up(office: PostingOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    posting = office.requested()

    def lose(_posting: Posting) -> None:
        raise VersionConflict("The lease ran out.")

    with monkeypatch.context() as patch:
        patch.setattr(office.postings, "save", lose)
        assert office.settle()
    assert office.snapshots.get(KEY).balance is None

    office.settle_all()
    _posted_once(office, posting)


def test_a_region_that_was_not_asked_costs_no_try(office: PostingOffice) -> None:
    posting = office.requested()
    office.regions.trouble = _once(RegionNotAsked(region="54"), method="post_payment")

    office.settle()

    found = office.found(posting)
    assert (found.tries, found.outcome_unknown, found.needs_person) == (0, False, False)
    office.settle_all()
    _posted_once(office, posting)


def test_a_region_that_never_answers_is_given_to_a_person_after_a_day_and_asked_on(office: PostingOffice) -> None:
    posting = office.requested()
    office.regions.down()
    office.settle_all(tries=12 * 24 - 1)
    assert not office.found(posting).needs_person

    office.settle_all(tries=2)

    assert office.found(posting).needs_person
    office.regions.up()
    office.settle_all()
    assert not office.found(posting).needs_person
    _posted_once(office, posting)
