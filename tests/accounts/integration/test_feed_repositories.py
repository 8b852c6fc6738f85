"""What the repositories of the feed do, the ones on a dictionary as the ones on MongoDB."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_feed_journals import MongoFeedJournalRepository, MongoFeedRejectionRepository
from services.accounts.adapters.mongo_snapshots import MongoSnapshotRepository
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import LinkReference
from services.accounts.domain.feed import FeedRecordInvalid
from services.accounts.domain.feed_journal import FeedJournal, FeedRejection
from services.accounts.domain.ports import FeedJournalRepository, SnapshotRepository
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY, SettableClock
from tests.accounts.fakes import FakeFeedJournals, FakeSnapshots

Choose = Callable[[Callable[[], Any], Callable[[Database[Any]], Any]], Any]


@pytest.fixture(params=["fake", "mongo"])
def choose(request: pytest.FixtureRequest) -> Choose:
    def build(fake: Callable[[], Any], real: Callable[[Database[Any]], Any]) -> Any:
        return fake() if request.param == "fake" else real(request.getfixturevalue("database"))

    return build


class TestFeedJournals:
    @pytest.fixture
    def journals(self, choose: Choose) -> FeedJournalRepository:
        repository: FeedJournalRepository = choose(FakeFeedJournals, MongoFeedJournalRepository)
        return repository

    def test_returns_what_was_saved_of_each_region(self, journals: FeedJournalRepository) -> None:
        journal = journals.get("54")
        journal.open("j")
        journal.advance(2**62)
        journals.save(journal)

        assert journals.get("54") == FeedJournal(region="54", journal_id="j", position=2**62, version=1)
        assert journals.get("77") == FeedJournal(region="77")

    def test_refuses_a_save_on_an_old_version(self, journals: FeedJournalRepository) -> None:
        older, newer = journals.get("54"), journals.get("54")
        journals.save(newer)

        with pytest.raises(VersionConflict):
            journals.save(older)


class TestSnapshotsInBulk:
    @pytest.fixture
    def snapshots(self, choose: Choose) -> SnapshotRepository:
        repository: SnapshotRepository = choose(
            FakeSnapshots, lambda database: MongoSnapshotRepository(database, clock=SettableClock())
        )
        return repository

    def test_saves_new_and_known_ones_together(self, snapshots: SnapshotRepository) -> None:
        known, new = AccountSnapshot(key=KEY), AccountSnapshot(key=AccountKey("54", "5400200002"))
        snapshots.save(known)
        for snapshot in (known, new):
            snapshot.observe_balance(Money(500), as_of=A_MORNING, now=A_MORNING)
            snapshot.announce_balance([LinkReference(billing_account_id="acc_1", proved_at=A_MORNING)])

        assert not snapshots.save_many([known, new])

        assert snapshots.many([known.key, new.key]) == {known.key: known, new.key: new}
        assert (known.version, new.version) == (2, 1)
        assert known.pending_events == []

    def test_names_those_that_may_have_lost_their_race(self, snapshots: SnapshotRepository) -> None:
        snapshots.save(AccountSnapshot(key=KEY))
        late, new = AccountSnapshot(key=KEY), AccountSnapshot(key=AccountKey("54", "5400200002"))

        assert list(snapshots.save_many([late, new])) == [KEY]

        assert snapshots.get(new.key) == new
        assert not snapshots.save_many([])


def test_a_rejection_is_kept_once_and_says_nothing_of_what_the_record_said(database: Database[dict[str, Any]]) -> None:
    rejections = MongoFeedRejectionRepository(database)
    rejections.ensure_indexes()
    journal = FeedJournal(region="54", journal_id="j")
    problem = FeedRecordInvalid(position=7, rule="a time is missing")
    rejection = FeedRejection.of(problem, journal=journal, position=7, now=A_MORNING)

    rejections.keep([rejection])
    rejections.keep([rejection])

    assert [document for document in database["feed_rejections"].find({}, {"rejected_at": 0})] == [
        {
            "_id": "54:j:7",
            "region": "54",
            "journal_id": "j",
            "position": 7,
            "reason": "FEED_RECORD_INVALID",
            "rule": "a time is missing",
        }
    ]
