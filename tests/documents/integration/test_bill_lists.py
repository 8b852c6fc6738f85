"""Bills of several accounts in one list: their order and pages, whose they are, and what a list costs."""

from datetime import timedelta
from typing import Any

import pytest
from kabinet.documents.v1 import documents_pb2 as pb
from pymongo.database import Database

from services.documents.adapters.mongo_customer_bills import MongoCustomerBillRepository
from services.documents.domain.account import Account, Spell
from services.documents.domain.ports import CustomerBillRepository
from tests.documents.builders import A_MORNING, NOVOSIBIRSK, make_bill, make_content
from tests.documents.conftest import World
from tests.documents.conversation import HERS, HIS, IVAN, MARIA, bills_of, issue_bill, refusal
from tests.documents.fakes import FakeClock, FakeCustomerBillRepository
from tests.support import eventually

MOSCOW = Account(region="77", number=NOVOSIBIRSK.number)  # one number in two regions is two accounts
_ALWAYS = [Spell(account=NOVOSIBIRSK), Spell(account=MOSCOW)]
DACHA = Account(region="54", number="540000999999")
HER_MOSCOW, HER_DACHA = "acc_" + "3" * 32, "acc_" + "4" * 32


def _issue(world: World, names: str) -> None:
    """Issue a bill per letter, one day after the other: Novosibirsk, Moscow, the dacha in turns."""
    for day, name in enumerate(names):
        account = (NOVOSIBIRSK, MOSCOW, DACHA)[day % 3]
        issued_at = A_MORNING + timedelta(days=day)
        issue_bill(world, regional_bill_id=f"rbl_{name}", bill_number=name, account=account, issued_at=issued_at)
    bills = world.database["customer_bills"]
    eventually(lambda: bills.count_documents({"state": "archived"}) == len(names), timeout_s=60)


@pytest.fixture(autouse=True)
def _links(request: pytest.FixtureRequest) -> None:
    if "world" not in request.fixturenames:
        return
    world: World = request.getfixturevalue("world")
    world.accounts.links[MARIA, HERS] = (NOVOSIBIRSK.region, NOVOSIBIRSK.number)
    world.accounts.links[MARIA, HER_MOSCOW] = (MOSCOW.region, MOSCOW.number)
    world.accounts.links[MARIA, HER_DACHA] = (DACHA.region, DACHA.number)
    world.accounts.links[IVAN, HIS] = (MOSCOW.region, MOSCOW.number)


@pytest.mark.usefixtures("dispatcher")
def test_lists_the_bills_of_all_accounts_newest_first_each_by_the_readers_own_link(world: World) -> None:
    _issue(world, "abcde")
    world.accounts.lists_asked = 0

    seen, token = [], ""
    for _ in range(3):
        page = bills_of(world, page_size=2, page_token=token)
        seen += [(bill.bill_number, bill.billing_account_id) for bill in page.customer_bills]
        token = page.next_page_token

    assert seen == [("e", HER_MOSCOW), ("d", HERS), ("c", HER_DACHA), ("b", HER_MOSCOW), ("a", HERS)]
    assert token == ""
    assert world.accounts.lists_asked == 3
    his = [(bill.bill_number, bill.billing_account_id) for bill in bills_of(world, IVAN).customer_bills]
    assert his == [("e", HIS), ("b", HIS)]


@pytest.mark.usefixtures("dispatcher")
def test_lists_one_account_when_one_is_named(world: World) -> None:
    _issue(world, "abcd")

    assert [bill.bill_number for bill in bills_of(world, account=HERS).customer_bills] == ["d", "a"]


@pytest.mark.usefixtures("dispatcher")
def test_keeps_back_what_the_proof_of_an_account_does_not_reach(world: World) -> None:
    _issue(world, "abc")
    by_number = {bill.bill_number: bill for bill in bills_of(world).customer_bills}
    world.accounts.pay_only.add(HER_MOSCOW)
    request = pb.GetCustomerBillRequest(customer_bill_id=by_number["b"].customer_bill_id)

    assert [bill.bill_number for bill in bills_of(world).customer_bills] == ["c", "a"]
    assert refusal(lambda: bills_of(world, account=HER_MOSCOW)) == ("PERMISSION_DENIED", "ACTION_NOT_ALLOWED")
    assert refusal(lambda: world.ask(world.stub.GetCustomerBill, request, subscriber=MARIA)) == (
        "NOT_FOUND",
        "CUSTOMER_BILL_NOT_FOUND",
    )


@pytest.mark.usefixtures("dispatcher")
def test_shows_one_bill_without_being_told_its_account(world: World) -> None:
    _issue(world, "ab")
    bill = bills_of(world).customer_bills[0]

    request = pb.GetCustomerBillRequest(customer_bill_id=bill.customer_bill_id)

    assert world.ask(world.stub.GetCustomerBill, request, subscriber=MARIA).customer_bill == bill
    his = world.ask(world.stub.GetCustomerBill, request, subscriber=IVAN).customer_bill
    assert (his.bill_number, his.billing_account_id) == ("b", HIS)


def test_whoever_has_no_account_sees_an_empty_list(world: World) -> None:
    assert not bills_of(world, "sub_" + "9" * 32).customer_bills


@pytest.fixture(params=["fake", "mongo"])
def bills(request: pytest.FixtureRequest) -> CustomerBillRepository:
    if request.param == "fake":
        return FakeCustomerBillRepository(FakeClock())
    repository: CustomerBillRepository = request.getfixturevalue("real")
    return repository


@pytest.fixture
def real(database: Database[Any]) -> MongoCustomerBillRepository:
    repository = MongoCustomerBillRepository(database, clock=FakeClock(), owner="test")
    repository.ensure_indexes()
    return repository


def _keep(bills: CustomerBillRepository, count: int) -> list[str]:
    """Keep bills of three accounts, two of a moment, and return the ids of two of the accounts, newest first."""
    wanted = []
    for number in range(count):
        account = (NOVOSIBIRSK, MOSCOW, DACHA)[number % 3]
        issued_at = A_MORNING + timedelta(days=number // 2)
        content = make_content(bill_number=str(number), account=account, issued_at=issued_at)
        bill = make_bill(regional_bill_id=f"rbl_{number}", content=content)
        bills.save(bill)
        if account != DACHA:
            wanted.append((issued_at, bill.customer_bill_id))
    return [bill_id for _, bill_id in sorted(wanted, reverse=True)]


def test_merges_accounts_in_the_order_of_issue_from_any_position(bills: CustomerBillRepository) -> None:
    wanted = _keep(bills, 12)

    seen: list[str] = []
    after = None
    while page := bills.of_spells(_ALWAYS, limit=3, after=after):
        last = page[-1]
        assert last.content is not None
        after = (last.content.issued_at, last.customer_bill_id)
        seen += [bill.customer_bill_id for bill in page]

    assert seen == wanted
    assert bills.of_spells([], limit=3, after=None) == []


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_lists_what_was_issued_under_each_number_while_it_was_the_accounts(
    bills: CustomerBillRepository, limit: int
) -> None:
    old = Account(region="54", number="old")
    keys = {}
    for account in (old, NOVOSIBIRSK):
        for day in range(4):
            content = make_content(
                account=account, bill_number=f"{account.number}-{day}", issued_at=A_MORNING + timedelta(days=day)
            )
            bill = make_bill(regional_bill_id=f"rbl_{account.number}_{day}", content=content)
            bills.save(bill)
            keys[bill.customer_bill_id] = (account.number, day)
    second, third = A_MORNING + timedelta(days=1), A_MORNING + timedelta(days=2)
    spells = [Spell(account=NOVOSIBIRSK, since=third), Spell(account=old, since=second, until=third)]

    seen: list[tuple[str, int]] = []
    after = None
    while page := bills.of_spells(spells, limit=limit, after=after):
        last = page[-1]
        assert last.content is not None
        after = (last.content.issued_at, last.customer_bill_id)
        seen += [keys[bill.customer_bill_id] for bill in page]

    assert seen == [(NOVOSIBIRSK.number, 3), (NOVOSIBIRSK.number, 2), ("old", 1)]


@pytest.mark.parametrize("page", [0, 1])
def test_reads_no_more_bills_than_it_returns(
    real: MongoCustomerBillRepository, database: Database[Any], page: int
) -> None:
    _keep(real, 60)
    after = (A_MORNING + timedelta(days=20), "bill_5") if page else None
    database.command("profile", 2, filter={"command.find": "customer_bills"})
    try:
        found = real.of_spells(_ALWAYS, limit=5, after=after)
    finally:
        database.command("profile", 0)

    (seen,) = database["system.profile"].find({"command.find": "customer_bills"})
    assert len(found) == 5
    assert seen["docsExamined"] == 5
    assert seen["keysExamined"] <= 5 + 4  # each run through the index is begun, and some are one step ahead
    assert not seen.get("hasSortStage", False)
