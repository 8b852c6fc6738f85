"""What the repositories of the feed do, the ones on a dictionary as the ones on MongoDB."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_aliases import MongoAliasRepository
from services.accounts.adapters.mongo_billing_accounts import MongoBillingAccountRepository
from services.accounts.adapters.mongo_feed_journals import MongoFeedJournalRepository, MongoFeedRejectionRepository
from services.accounts.adapters.mongo_promised_payments import MongoPromisedPaymentRepository
from services.accounts.adapters.mongo_snapshots import MongoSnapshotRepository
from services.accounts.adapters.mongo_tariff_changes import MongoTariffChangeRepository
from services.accounts.adapters.mongo_wish_numbers import MongoWishNumbers
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import LinkReference
from services.accounts.domain.feed import FeedRecordInvalid
from services.accounts.domain.feed_journal import FeedJournal, FeedRejection
from services.accounts.domain.ports import (
    AliasRepository,
    BillingAccountRepository,
    FeedJournalRepository,
    SnapshotRepository,
)
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_account
from tests.accounts.fakes import FakeBillingAccounts, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases, FakeFeedJournals
from tests.accounts.ordering_builders import make_change, make_promise

_OTHER = AccountKey("54", "5400200002")
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


class TestAliases:
    @pytest.fixture
    def aliases(self, choose: Choose) -> AliasRepository:
        repository: AliasRepository = choose(FakeAliases, MongoAliasRepository)
        return repository

    def test_returns_what_was_saved_and_follows_what_holds(self, aliases: AliasRepository) -> None:
        alias = AccountAlias(old=KEY, new=_OTHER, changed_at=A_MORNING)
        aliases.save(alias)

        assert aliases.get(KEY) == alias
        assert aliases.get(_OTHER) is None
        assert aliases.holding([KEY, _OTHER]) == {KEY: _OTHER}
        assert aliases.holding([]) == {}

        alias.moved = True
        assert alias.end(at=A_MORNING + timedelta(hours=1))
        aliases.save(alias)
        assert aliases.get(KEY) == alias
        assert aliases.holding([KEY]) == {}

    def test_refuses_a_save_on_an_old_version(self, aliases: AliasRepository) -> None:
        aliases.save(AccountAlias(old=KEY, new=_OTHER, changed_at=A_MORNING))

        with pytest.raises(VersionConflict):
            aliases.save(AccountAlias(old=KEY, new=_OTHER, changed_at=A_MORNING))


class TestPasts:
    @pytest.fixture
    def snapshots(self, choose: Choose) -> SnapshotRepository:
        repository: SnapshotRepository = choose(
            FakeSnapshots, lambda database: MongoSnapshotRepository(database, clock=SettableClock())
        )
        return repository

    def test_tells_what_each_account_was(self, snapshots: SnapshotRepository) -> None:
        later = A_MORNING + timedelta(hours=1)
        past = (
            AccountPast(owner_since=A_MORNING)
            .renumbered("5400200009", at=A_MORNING)
            .renumbered("5400200008", at=later)
            .without("5400200009", at=later)
        )
        snapshots.save(AccountSnapshot(key=KEY, past=past))

        assert snapshots.pasts([KEY, _OTHER]) == {KEY: past, _OTHER: AccountPast()}
        assert snapshots.get(KEY).past == past
        assert snapshots.pasts([]) == {}


class TestLinksOnAnAccount:
    @pytest.fixture
    def accounts(self, choose: Choose) -> BillingAccountRepository:
        repository: BillingAccountRepository = choose(
            FakeBillingAccounts, lambda database: MongoBillingAccountRepository(database, clock=SettableClock())
        )
        return repository

    def test_lists_all_of_them_ended_ones_too(self, accounts: BillingAccountRepository) -> None:
        ended, linked = make_account(subscriber_id="sub_anna"), make_account(subscriber_id="sub_boris")
        other = make_account(key=_OTHER)
        ended.unlink(now=A_MORNING)
        for account in (ended, linked, other):
            accounts.save(account)

        found = accounts.on(KEY)

        assert {account.billing_account_id for account in found} == {
            ended.billing_account_id,
            linked.billing_account_id,
        }

    def test_remembers_when_it_was_proved(self, accounts: BillingAccountRepository) -> None:
        account = make_account()
        accounts.save(account)
        account.prove("contact_code", request_id=None, now=A_MORNING + timedelta(hours=1), still_holds=False)
        accounts.save(account)

        assert accounts.get(account.billing_account_id) == account


def test_a_link_and_a_snapshot_of_an_earlier_release_are_read(database: Database[dict[str, Any]]) -> None:
    accounts = MongoBillingAccountRepository(database, clock=SettableClock())
    snapshots = MongoSnapshotRepository(database, clock=SettableClock())
    account, snapshot = make_account(), AccountSnapshot(key=KEY)
    accounts.save(account)
    snapshots.save(snapshot)
    database["billing_accounts"].update_many({}, {"$unset": {"proved_at": ""}})
    database["snapshots"].update_many({}, {"$unset": {"owner_since": "", "number_since": "", "former_numbers": ""}})

    assert accounts.get(account.billing_account_id) == account
    assert accounts.links_to([KEY])[KEY][0].proved_at == account.linked_at
    assert (snapshots.get(KEY), snapshots.pasts([KEY])) == (snapshot, {KEY: AccountPast()})


def test_wishes_move_to_the_new_number_each_by_itself(database: Database[dict[str, Any]]) -> None:
    changes, promises = MongoTariffChangeRepository(database), MongoPromisedPaymentRepository(database)
    changes.ensure_indexes()
    promises.ensure_indexes()
    change, promise = make_change(now=A_MORNING), make_promise(now=A_MORNING)
    changes.save(change)
    promises.save(promise)

    MongoWishNumbers(database).move(KEY, _OTHER)
    MongoWishNumbers(database).move(KEY, _OTHER)

    assert (changes.pending_on(KEY), promises.held_on(KEY)) == (None, None)
    moved, held = changes.pending_on(_OTHER), promises.held_on(_OTHER)
    assert moved is not None and held is not None
    assert (moved.wish_id, moved.key, moved.version) == (change.wish_id, _OTHER, change.version + 1)
    with pytest.raises(VersionConflict):
        changes.save(change)
