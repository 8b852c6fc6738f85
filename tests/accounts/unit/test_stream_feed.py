"""A region's journal on its way in: what is stored, what is put aside, and whose position counts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.accounts.application.change_number import ChangeNumber
from services.accounts.application.change_owner import ChangeOwner
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.settle_number import MoveLinks
from services.accounts.application.store_bills import StoreBills
from services.accounts.application.store_records import Acknowledged, StoreRecords
from services.accounts.application.stream_feed import FeedStream, OpenFeedStream, ReadFeedPosition
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.events import BalanceObserved, RegionalBillReceived
from services.accounts.domain.feed import BalanceRecord, FeedRecordInvalid
from services.accounts.domain.feed_journal import FeedPositionInvalid, FeedStreamSuperseded, JournalRecord
from services.accounts.domain.regional_bill import BillContent
from services.chassis.errors import DomainError, VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_account, make_bill
from tests.accounts.fakes import FakeBillingAccounts, FakeRegionalBills, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases, FakeFeedJournals, FakeFeedRejections, FakeWishNumbers


class Office:
    """The use cases on fakes."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.snapshots = FakeSnapshots()
        self.accounts = FakeBillingAccounts()
        self.aliases = FakeAliases()
        self.bills = FakeRegionalBills()
        self.journals = FakeFeedJournals()
        self.rejections = FakeFeedRejections()
        current = CurrentNumbers(aliases=self.aliases)
        self.observe = ObserveBalances(
            snapshots=self.snapshots,
            accounts=self.accounts,
            current=current,
            threads=ThreadPoolExecutor(1),
            clock=self.clock,
        )
        store = StoreRecords(
            journals=self.journals,
            rejections=self.rejections,
            observe_balances=self.observe,
            store_bills=StoreBills(bills=self.bills, clock=self.clock),
            change_owner=ChangeOwner(snapshots=self.snapshots, current=current),
            change_number=ChangeNumber(
                aliases=self.aliases,
                accounts=self.accounts,
                snapshots=self.snapshots,
                wishes=FakeWishNumbers(),
                current=current,
                move_links=MoveLinks(accounts=self.accounts, clock=self.clock),
                clock=self.clock,
            ),
            clock=self.clock,
        )
        self.open = OpenFeedStream(journals=self.journals, store=store)
        self.read_position = ReadFeedPosition(journals=self.journals)

    def stream(self) -> FeedStream:
        return self.open(region="54")

    def position(self, journal_id: str = "j") -> int:
        return self.read_position(region="54", journal_id=journal_id)


def _balance(kopecks: int, *, key: AccountKey = KEY, age_s: float = 0) -> BalanceRecord:
    return BalanceRecord(key=key, balance=Money(kopecks), as_of=A_MORNING - timedelta(seconds=age_s))


def _at(position: int, news: BalanceRecord | BillContent | DomainError) -> JournalRecord:
    return JournalRecord(position=position, news=news)


def _take(stream: FeedStream, *records: JournalRecord, journal_id: str = "j") -> Sequence[Acknowledged]:
    return list(stream.take(journal_id, records))


def test_stores_news_of_both_kinds_and_acknowledges_the_last_position() -> None:
    office = Office()
    account = make_account()
    office.accounts.save(account)

    acknowledged = _take(office.stream(), _at(3, _balance(500)), _at(7, make_bill()), _at(9, _balance(400, age_s=-1)))

    assert acknowledged == [Acknowledged(position=9)]
    assert office.position() == 9
    known = office.snapshots.get(KEY).balance
    assert known is not None
    assert known.value == Money(400)
    told = [event.balance for event in office.snapshots.shelf.announced if isinstance(event, BalanceObserved)]
    assert told == [Money(500), Money(400)]
    assert [type(event) for event in office.bills.shelf.announced] == [RegionalBillReceived]


def test_skips_what_is_stored_and_acknowledges_it() -> None:
    office = Office()
    _take(office.stream(), _at(5, _balance(500)))

    acknowledged = _take(office.stream(), _at(4, _balance(1, age_s=-60)), _at(5, _balance(2, age_s=-60)))

    assert acknowledged == [Acknowledged(position=5)]
    known = office.snapshots.get(KEY).balance
    assert known is not None
    assert known.value == Money(500)


def test_a_journal_of_another_name_begins_at_its_first_record() -> None:
    office = Office()
    _take(office.stream(), _at(500, _balance(500)))

    _take(office.stream(), _at(1, _balance(400, age_s=-1)), journal_id="restored")

    assert (office.position("restored"), office.position("j")) == (1, 0)
    known = office.snapshots.get(KEY).balance
    assert known is not None
    assert known.value == Money(400)


def test_puts_aside_what_cannot_stand_and_stores_its_neighbours() -> None:
    office = Office()
    contradiction = make_bill(line_kopecks=(1,))
    records = [
        _at(1, _balance(1, age_s=-3600)),
        _at(2, FeedRecordInvalid(position=2, rule="a time is missing")),
        _at(3, make_bill()),
        _at(4, make_bill(bill_number="wrong", due_kopecks=1)),
        _at(5, contradiction),
        _at(6, _balance(600)),
    ]

    (acknowledged,) = _take(office.stream(), *records)

    assert acknowledged.position == 6
    assert [(rejection.position, rejection.reason) for rejection in acknowledged.rejected] == [
        (1, "FEED_RECORD_INVALID"),
        (2, "FEED_RECORD_INVALID"),
        (4, "BILL_DOES_NOT_ADD_UP"),
        (5, "BILL_REVISION_REUSED"),
    ]
    assert sorted(key[2] for key in office.rejections.kept) == [1, 2, 4, 5]
    known = office.snapshots.get(KEY).balance
    assert known is not None
    assert known.value == Money(600)
    assert office.bills.hashes_of([make_bill().name]) == {make_bill().name: make_bill().content_hash()}


def test_a_position_that_goes_backwards_ends_the_stream_after_what_comes_before_it() -> None:
    office = Office()
    stream = office.stream()
    pieces = stream.take("j", [_at(5, _balance(500)), _at(5, _balance(500)), _at(4, _balance(400, age_s=-1))])

    assert next(pieces) == Acknowledged(position=5)
    with pytest.raises(FeedPositionInvalid) as refused:
        next(pieces)

    assert refused.value.metadata["position"] == "4"
    known = office.snapshots.get(KEY).balance
    assert known is not None
    assert known.value == Money(500)


@pytest.mark.parametrize("position", [0, -1])
def test_refuses_a_position_that_is_none(position: int) -> None:
    office = Office()

    with pytest.raises(FeedPositionInvalid):
        _take(office.stream(), _at(position, _balance(1)))

    assert office.position() == 0


@pytest.mark.parametrize("journal_id", ["", "a b", "x" * 65, "журнал"])
def test_refuses_a_journal_without_a_proper_name(journal_id: str) -> None:
    with pytest.raises(FeedPositionInvalid):
        _take(Office().stream(), _at(1, _balance(1)), journal_id=journal_id)


def test_refuses_another_journal_in_the_middle_of_a_stream() -> None:
    office = Office()
    stream = office.stream()
    _take(stream, _at(1, _balance(1)))

    with pytest.raises(FeedPositionInvalid):
        _take(stream, _at(2, _balance(2)), journal_id="other")

    assert office.position() == 1


def test_only_the_stream_opened_last_moves_the_position() -> None:
    office = Office()
    older, newer = office.stream(), office.stream()
    _take(older, _at(1, _balance(100)))
    _take(newer, _at(2, _balance(200, age_s=-1)))

    with pytest.raises(FeedStreamSuperseded):
        _take(older, _at(9, _balance(900, age_s=-2)))

    assert office.position() == 2
    assert _take(newer, _at(3, _balance(300, age_s=-3))) == [Acknowledged(position=3)]


def test_balances_that_others_changed_meanwhile_are_observed_again() -> None:
    office = Office()
    other = AccountKey("54", "5400200002")
    saves: list[int] = []
    save_many = office.snapshots.save_many

    def late(snapshots: Sequence[object]) -> object:
        saves.append(len(snapshots))
        if len(saves) == 1:
            rival = office.snapshots.get(KEY)
            rival.observe_balance(Money(1), as_of=A_MORNING - timedelta(hours=1), now=A_MORNING)
            office.snapshots.save(rival)
        return save_many(snapshots)  # type: ignore[arg-type]

    office.snapshots.save_many = late  # type: ignore[method-assign,assignment]

    office.observe([_balance(500), _balance(600, key=other)])

    assert saves == [2, 1]
    balances = [office.snapshots.get(key).balance for key in (KEY, other)]
    assert [known.value for known in balances if known] == [Money(500), Money(600)]


def test_gives_up_when_the_race_is_lost_again_and_again() -> None:
    office = Office()
    office.snapshots.save_many = lambda snapshots: [KEY]  # type: ignore[method-assign]

    with pytest.raises(VersionConflict):
        _take(office.stream(), _at(1, _balance(500)))

    assert office.position() == 0
