"""What the repositories of grants do, the ones on dictionaries as the ones on MongoDB."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_billing_accounts import (
    MongoBillingAccountRepository,
    MongoLinkQueue,
    billing_accounts_of,
)
from services.accounts.adapters.mongo_grant_offers import MongoGrantOfferRepository
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount
from services.accounts.domain.grant import GrantCodeSpent, GrantEnd
from services.accounts.domain.grant_code import GrantCode
from services.accounts.domain.grant_offer import GrantOffer, OfferState
from services.accounts.domain.grant_ports import GrantOfferRepository, LinkRepository
from services.accounts.domain.proof_ladder import Action
from services.chassis.errors import VersionConflict
from services.chassis.work import DueWork
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_account
from tests.accounts.fakes import FakeBillingAccounts
from tests.accounts.grant_fakes import RELATIVE, FakeGrantOffers, FakeLinkQueue, terms

_OWNERS = make_account(subscriber_id="sub_" + "1" * 32)


def _offer(**changes: Any) -> GrantOffer:
    values: dict[str, Any] = {"label": "сын", "request_id": "req-1", "open_for": timedelta(hours=24), "now": A_MORNING}
    every_term = terms(Action.VIEW, Action.PAY, limit_kopecks=2**40, ends_on=date(2027, 2, 28))
    return GrantOffer.give(_OWNERS, every_term, GrantCode.new(), **(values | changes))


def _link(offer: GrantOffer, *, subscriber_id: str = RELATIVE, key: AccountKey = KEY) -> BillingAccount:
    return BillingAccount.link_by_grant(
        offer.grant(now=A_MORNING), subscriber_id=subscriber_id, key=key, label="Мама", request_id=None
    )


@pytest.fixture(params=["fake", "mongo"])
def choose(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any], Callable[[Database[Any]], Any]], Any]:
    """Return the fake, or the real one on a database of its own with its indexes."""

    def build(fake: Callable[[], Any], real: Callable[[Database[Any]], Any]) -> Any:
        if request.param == "fake":
            return fake()
        repository = real(request.getfixturevalue("database"))
        repository.ensure_indexes()
        repository.ensure_indexes()  # a second replica does the same
        return repository

    return build


class TestGrantOffers:
    @pytest.fixture
    def offers(self, choose: Any) -> GrantOfferRepository:
        repository: GrantOfferRepository = choose(FakeGrantOffers, MongoGrantOfferRepository)
        return repository

    def test_returns_what_was_saved(self, offers: GrantOfferRepository) -> None:
        offer = _offer()
        offers.save(offer)

        assert offers.get(offer.grant_id) == offer
        assert offers.requested_as("req-1", subscriber_id=offer.subscriber_id) == offer
        assert offers.given_on(offer.billing_account_id) == [offer]
        assert offers.on(KEY) == [offer]

    def test_returns_terms_without_limit_and_end(self, offers: GrantOfferRepository) -> None:
        offer = GrantOffer.give(
            _OWNERS,
            terms(Action.VIEW),
            GrantCode.new(),
            label="",
            request_id="req-1",
            open_for=timedelta(hours=1),
            now=A_MORNING,
        )
        offers.save(offer)

        assert offers.get(offer.grant_id) == offer

    def test_shows_nothing_of_another_subscriber_or_account(self, offers: GrantOfferRepository) -> None:
        offers.save(_offer())

        assert offers.requested_as("req-1", subscriber_id=RELATIVE) is None
        assert offers.given_on("acc_" + "0" * 32) == []
        assert offers.on(AccountKey("54", "5400299999")) == []

    def test_lists_the_newest_first(self, offers: GrantOfferRepository) -> None:
        made = [_offer(request_id=f"r-{day}", now=A_MORNING + timedelta(days=day)) for day in (1, 0, 2)]
        for offer in made:
            offers.save(offer)

        wanted = [made[2].grant_id, made[0].grant_id, made[1].grant_id]

        assert [offer.grant_id for offer in offers.given_on(made[0].billing_account_id)] == wanted
        assert [offer.grant_id for offer in offers.on(KEY)] == wanted

    def test_one_request_is_one_offer(self, offers: GrantOfferRepository) -> None:
        offers.save(_offer())

        with pytest.raises(VersionConflict):
            offers.save(_offer())

    def test_of_two_who_settle_it_one_wins(self, offers: GrantOfferRepository) -> None:
        offer = _offer()
        offers.save(offer)
        one, other = offers.get(offer.grant_id), offers.get(offer.grant_id)
        assert one is not None and other is not None
        one.accept(now=A_MORNING)
        other.withdraw(now=A_MORNING)
        offers.save(one)

        with pytest.raises(VersionConflict):
            offers.save(other)

        kept = offers.get(offer.grant_id)
        assert kept is not None and kept.state is OfferState.ACCEPTED


class TestLinksOnGrants:
    @pytest.fixture
    def links(self, choose: Any) -> LinkRepository:
        repository: LinkRepository = choose(
            FakeBillingAccounts, lambda database: MongoBillingAccountRepository(database, clock=SettableClock())
        )
        return repository

    def test_returns_what_was_saved(self, links: LinkRepository) -> None:
        link = _link(_offer())
        links.save(link)
        link.look_again(None)
        link.unlink(now=A_MORNING, grant_end=GrantEnd.DATE)
        links.save(link)

        assert links.get(link.billing_account_id) == link

    def test_finds_links_by_id_grant_and_grantor(self, links: LinkRepository) -> None:
        links.save(make_account(subscriber_id="sub_" + "4" * 32))
        offers = [_offer(), _offer()]
        made = [_link(offer, subscriber_id=f"sub_{number}" + "0" * 31) for number, offer in enumerate(offers)]
        for link in made:
            links.save(link)
        made[1].unlink(now=A_MORNING)
        links.save(made[1])

        assert links.many([made[0].billing_account_id, made[1].billing_account_id, "acc_none"]) == {
            link.billing_account_id: link for link in made
        }
        assert links.standing_on([offer.grant_id for offer in offers]) == {
            offer.grant_id: link for offer, link in zip(offers, made, strict=True)
        }
        assert links.granted_by(_OWNERS.billing_account_id) == [made[0]]
        assert (links.many([]), links.standing_on([])) == ({}, {})

    def test_a_grant_bears_one_link_for_ever(self, links: LinkRepository) -> None:
        offer = _offer()
        first = _link(offer)
        links.save(first)
        first.unlink(now=A_MORNING)
        links.save(first)

        with pytest.raises(GrantCodeSpent):
            links.save(_link(offer, subscriber_id="sub_" + "3" * 32))
        with pytest.raises(GrantCodeSpent):
            links.save(_link(offer, key=AccountKey("54", "5400299999")))

    def test_a_subscriber_has_one_link_to_an_account_whatever_it_stands_on(self, links: LinkRepository) -> None:
        links.save(make_account(subscriber_id=RELATIVE))

        with pytest.raises(AlreadyLinked):
            links.save(_link(_offer()))


@pytest.fixture(params=["fake", "mongo"])
def books(request: pytest.FixtureRequest) -> tuple[LinkRepository, Any, SettableClock]:
    """Links, their queue, and the clock of both."""
    clock = SettableClock()
    if request.param == "fake":
        links = FakeBillingAccounts()
        return links, FakeLinkQueue(links, clock), clock
    database = request.getfixturevalue("database")
    repository = MongoBillingAccountRepository(database, clock=clock)
    repository.ensure_indexes()
    return repository, MongoLinkQueue(DueWork(billing_accounts_of(database), owner="me", clock=clock)), clock


def test_a_due_link_is_claimed_when_its_time_has_come(books: tuple[LinkRepository, Any, SettableClock]) -> None:
    links, queue, clock = books
    resting = make_account()
    resting.look_again(None)
    links.save(resting)
    link = _link(_offer())
    links.save(link)
    assert queue.claim() is None
    clock.advance(seconds=5)

    claimed = queue.claim()

    assert claimed is not None and claimed.billing_account_id == link.billing_account_id
    claimed.look_again(None)
    links.save(claimed)
    assert queue.claim() is None


def test_whoever_read_a_link_before_it_was_claimed_saves_nothing(
    books: tuple[LinkRepository, Any, SettableClock],
) -> None:
    links, queue, clock = books
    link = _link(_offer())
    links.save(link)
    clock.advance(seconds=5)
    assert queue.claim() is not None

    with pytest.raises(VersionConflict):
        links.save(link)


def test_reads_a_link_from_before_there_were_grants(database: Database[Any]) -> None:
    repository = MongoBillingAccountRepository(database, clock=SettableClock())
    account = make_account()
    account.look_again(None)
    repository.save(account)
    later_fields = {"grant": 1, "grant_end": 1, "numbered_at": 1, "work": 1}
    billing_accounts_of(database).update_many({}, {"$unset": later_fields})

    assert repository.linked_by(account.subscriber_id) == [account]


def test_finds_what_it_looks_for_by_index(database: Database[Any]) -> None:
    repository = MongoBillingAccountRepository(database, clock=SettableClock())
    repository.ensure_indexes()
    links = billing_accounts_of(database)

    def plan(query: dict[str, Any]) -> str:
        return str(links.find(query).explain()["queryPlanner"]["winningPlan"])

    linked = {"unlinked_at": {"$type": "null"}}
    assert "one_per_grant" in plan({"grant.grant_id": {"$in": ["grt_1", "grt_2"], "$type": "string"}})
    assert "granted_by" in plan({"grant.grantor_billing_account_id": {"$eq": "acc_1", "$type": "string"}, **linked})
