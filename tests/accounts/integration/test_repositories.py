"""What every repository of accounts does, the one on a dictionary as the one on MongoDB."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_attempts import MongoAttemptsRepository
from services.accounts.adapters.mongo_billing_accounts import MongoBillingAccountRepository
from services.accounts.adapters.mongo_charge_placements import MongoChargePlacementRepository
from services.accounts.adapters.mongo_postings import MongoPostingRepository
from services.accounts.adapters.mongo_regional_bills import MongoRegionalBillRepository
from services.accounts.adapters.mongo_snapshots import MongoSnapshotRepository
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import OldMandate
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import AlreadyLinked
from services.accounts.domain.charge_placement import ChargePlacement
from services.accounts.domain.errors import InsufficientFunds
from services.accounts.domain.ownership_attempts import AttemptLimit
from services.accounts.domain.ports import (
    AttemptsRepository,
    BillingAccountRepository,
    ChargePlacementRepository,
    PostingRepository,
    RegionalBillRepository,
    SnapshotRepository,
)
from services.accounts.domain.proof_ladder import Relation, Rung
from services.accounts.domain.regional_bill import RegionalBill
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import (
    A_MORNING,
    KEY,
    PLAN,
    SettableClock,
    make_account,
    make_answer,
    make_bill,
    make_charge,
    make_credited,
    make_page,
    make_posting,
    make_report,
)
from tests.accounts.fakes import (
    FakeAttempts,
    FakeBillingAccounts,
    FakeChargePlacements,
    FakePostings,
    FakeRegionalBills,
    FakeSnapshots,
)

_BIG = 2**62


@pytest.fixture(params=["fake", "mongo"])
def choose(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any], Callable[[Database[Any]], Any]], Any]:
    """Return the fake, or the real one on a database of its own with its indexes."""

    def build(fake: Callable[[], Any], real: Callable[[Database[Any]], Any]) -> Any:
        if request.param == "fake":
            return fake()
        repository = real(request.getfixturevalue("database"))
        if hasattr(repository, "ensure_indexes"):
            repository.ensure_indexes()
            repository.ensure_indexes()  # a second replica does the same
        return repository

    return build


class TestBillingAccounts:
    @pytest.fixture
    def accounts(self, choose: Any) -> BillingAccountRepository:
        repository: BillingAccountRepository = choose(
            FakeBillingAccounts, lambda database: MongoBillingAccountRepository(database, clock=SettableClock())
        )
        return repository

    def test_returns_what_was_saved(self, accounts: BillingAccountRepository) -> None:
        account = make_account(relation=Relation.RELATIVE, rung=Rung.PAY, request_id="req-1")
        accounts.save(account)

        assert accounts.get(account.billing_account_id) == account
        assert (
            accounts.owned(subscriber_id=account.subscriber_id, billing_account_id=account.billing_account_id)
            == account
        )
        assert accounts.linked_to(KEY, subscriber_id=account.subscriber_id) == account
        assert accounts.requested_as("req-1", subscriber_id=account.subscriber_id) == account

    def test_shows_a_subscriber_nothing_of_another(self, accounts: BillingAccountRepository) -> None:
        account = make_account(subscriber_id="sub_anna", request_id="req-1")
        accounts.save(account)

        assert accounts.owned(subscriber_id="sub_boris", billing_account_id=account.billing_account_id) is None
        assert accounts.linked_by("sub_boris") == []
        assert accounts.linked_to(KEY, subscriber_id="sub_boris") is None
        assert accounts.requested_as("req-1", subscriber_id="sub_boris") is None

    def test_lists_links_in_the_order_of_linking(self, accounts: BillingAccountRepository) -> None:
        made = [
            make_account(key=AccountKey("54", f"54000{minute}"), linked_at=A_MORNING + timedelta(minutes=minute))
            for minute in (2, 0, 1)
        ]
        for account in made:
            accounts.save(account)

        listed = accounts.linked_by(made[0].subscriber_id)

        assert [account.key.number for account in listed] == ["540000", "540001", "540002"]

    def test_holds_one_link_per_subscriber_and_account(self, accounts: BillingAccountRepository) -> None:
        accounts.save(make_account(subscriber_id="sub_anna"))
        accounts.save(make_account(subscriber_id="sub_boris"))

        with pytest.raises(AlreadyLinked):
            accounts.save(make_account(subscriber_id="sub_anna"))

        assert len(accounts.links_to([KEY])[KEY]) == 2

    def test_an_ended_link_makes_room_for_a_new_one(self, accounts: BillingAccountRepository) -> None:
        ended = make_account(request_id="req-1")
        accounts.save(ended)
        ended.unlink(now=A_MORNING)
        accounts.save(ended)
        fresh = make_account(request_id="req-1")
        accounts.save(fresh)

        assert accounts.linked_by(fresh.subscriber_id) == [fresh]
        assert [link.billing_account_id for link in accounts.links_to([KEY])[KEY]] == [fresh.billing_account_id]
        assert accounts.requested_as("req-1", subscriber_id=fresh.subscriber_id) == fresh
        assert accounts.get(ended.billing_account_id) == ended

    def test_refuses_a_save_on_an_old_version(self, accounts: BillingAccountRepository) -> None:
        account = make_account()
        accounts.save(account)
        late = accounts.get(account.billing_account_id)
        assert late is not None
        account.rename("Дача")
        accounts.save(account)

        with pytest.raises(VersionConflict):
            accounts.save(late)

    def test_finds_no_links_for_nothing(self, accounts: BillingAccountRepository) -> None:
        assert accounts.links_to([]) == {}


class TestSnapshots:
    @pytest.fixture
    def snapshots(self, choose: Any) -> SnapshotRepository:
        repository: SnapshotRepository = choose(
            FakeSnapshots, lambda database: MongoSnapshotRepository(database, clock=SettableClock())
        )
        return repository

    def test_knows_nothing_of_an_account_at_first(self, snapshots: SnapshotRepository) -> None:
        assert snapshots.get(KEY) == AccountSnapshot(key=KEY)
        assert snapshots.many([]) == {}

    @pytest.mark.parametrize("kopecks", [0, -1, _BIG, -_BIG])
    def test_returns_what_was_saved(self, snapshots: SnapshotRepository, kopecks: int) -> None:
        snapshot = AccountSnapshot(key=KEY)
        mandate = OldMandate(is_active=kopecks < 0, since=A_MORNING)
        snapshot.observe_report(replace(make_report(kopecks=kopecks), old_mandate=mandate), now=A_MORNING)
        snapshot.observe_charges(make_page(make_charge(kopecks=_BIG)), now=A_MORNING)
        snapshot.observe_payments(make_page(make_credited()), now=A_MORNING)
        snapshots.save(snapshot)

        other = AccountKey("77", "7700100001")
        assert snapshots.many([KEY, other]) == {KEY: snapshot, other: AccountSnapshot(key=other)}

    def test_keeps_apart_a_plan_never_told_and_a_plan_that_is_none(self, snapshots: SnapshotRepository) -> None:
        snapshot = AccountSnapshot(key=KEY)
        snapshot.observe_report(replace(make_report(), tariff_plan=None), now=A_MORNING)
        snapshots.save(snapshot)

        found = snapshots.get(KEY).tariff_plan
        assert found is not None
        assert found.value is None

    def test_refuses_a_save_on_an_old_version(self, snapshots: SnapshotRepository) -> None:
        snapshots.save(AccountSnapshot(key=KEY))

        with pytest.raises(VersionConflict):
            snapshots.save(AccountSnapshot(key=KEY))


class TestPostings:
    @pytest.fixture
    def postings(self, choose: Any) -> PostingRepository:
        repository: PostingRepository = choose(
            lambda: FakePostings(SettableClock()),
            lambda database: MongoPostingRepository(database, clock=SettableClock()),
        )
        return repository

    def test_returns_what_was_saved_at_every_stage(self, postings: PostingRepository) -> None:
        posting = make_posting(kopecks=_BIG)
        postings.save(posting)
        posting.postpone("REGION_UNAVAILABLE", outage=True, plan=PLAN, now=A_MORNING)
        postings.save(posting)
        assert postings.get(posting.payment_id) == posting

        posting.confirm(make_answer(posting), now=A_MORNING)
        postings.save(posting)
        assert postings.get(posting.payment_id) == posting

    def test_holds_one_posting_per_payment(self, postings: PostingRepository) -> None:
        posting = make_posting()
        postings.save(posting)

        with pytest.raises(VersionConflict):
            postings.save(replace(posting, version=0))

    def test_knows_no_other_payment(self, postings: PostingRepository) -> None:
        assert postings.get("pay_" + "0" * 32) is None


class TestChargePlacements:
    @pytest.fixture
    def placements(self, choose: Any) -> ChargePlacementRepository:
        repository: ChargePlacementRepository = choose(FakeChargePlacements, MongoChargePlacementRepository)
        return repository

    def test_returns_what_was_saved_at_every_stage(self, placements: ChargePlacementRepository) -> None:
        placement = ChargePlacement.request(
            charge_id="ord_1",
            billing_account_id="acc_1",
            key=KEY,
            amount=Money(_BIG),
            description="Фильм",
            now=A_MORNING,
        )
        placements.save(placement)
        assert placements.get("ord_1") == placement

        placement.refuse(InsufficientFunds())
        placements.save(placement)
        assert placements.get("ord_1") == placement

        with pytest.raises(VersionConflict):
            placements.save(replace(placement, version=0))

    def test_knows_no_other_fee(self, placements: ChargePlacementRepository) -> None:
        assert placements.get("ord_none") is None


class TestAttempts:
    @pytest.fixture
    def attempts(self, choose: Any) -> AttemptsRepository:
        repository: AttemptsRepository = choose(FakeAttempts, MongoAttemptsRepository)
        return repository

    def test_counts_on_from_what_was_saved(self, attempts: AttemptsRepository) -> None:
        limit = AttemptLimit(most=3, window=timedelta(hours=1))
        for _ in range(2):
            counter = attempts.get("account:54:1", limit=limit)
            counter.begin(now=A_MORNING)
            attempts.save(counter)

        assert attempts.get("account:54:1", limit=limit).made_at == [A_MORNING] * 2
        assert attempts.get("account:54:2", limit=limit).made_at == []

        with pytest.raises(VersionConflict):
            attempts.save(replace(counter, version=1))


class TestRegionalBills:
    @pytest.fixture
    def bills(self, choose: Any) -> RegionalBillRepository:
        repository: RegionalBillRepository = choose(
            FakeRegionalBills, lambda database: MongoRegionalBillRepository(database, clock=SettableClock())
        )
        return repository

    def test_returns_what_was_saved(self, bills: RegionalBillRepository) -> None:
        bill = RegionalBill.receive(make_bill(line_kopecks=(_BIG, -_BIG, 1)), now=A_MORNING)
        others = [make_bill(revision=2).name, make_bill(key=AccountKey("77", KEY.number)).name]

        assert not bills.save_many([bill])
        assert bills.get(bill.regional_bill_id) == bill
        assert bills.hashes_of([bill.content.name, *others]) == {bill.content.name: bill.content_hash}
        assert bills.hashes_of([]) == {}

    def test_holds_one_content_per_number_and_revision(self, bills: RegionalBillRepository) -> None:
        first, second = make_bill(), make_bill(line_kopecks=(1,))
        bills.save_many([RegionalBill.receive(first, now=A_MORNING)])
        neighbour = RegionalBill.receive(make_bill(bill_number="other"), now=A_MORNING)

        lost = bills.save_many([RegionalBill.receive(second, now=A_MORNING), neighbour])

        assert list(lost) == [second.name]
        assert bills.hashes_of([first.name]) == {first.name: first.content_hash()}
        assert bills.get(neighbour.regional_bill_id) == neighbour
