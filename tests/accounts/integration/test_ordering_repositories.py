"""What every repository of ordering does, the one on a dictionary as the one on MongoDB."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_promised_payments import (
    MongoPromisedPaymentRepository,
    promised_payments_of,
    to_promised_payment,
)
from services.accounts.adapters.mongo_service_offers import MongoServiceOfferMemory
from services.accounts.adapters.mongo_service_orders import MongoServiceOrderRepository
from services.accounts.adapters.mongo_tariff_changes import MongoTariffChangeRepository
from services.accounts.adapters.mongo_tariff_quotes import MongoTariffQuoteRepository
from services.accounts.adapters.mongo_wishes import MongoWishQueue
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ordering_errors import TariffChangePending
from services.accounts.domain.ordering_ports import (
    PromisedPaymentRepository,
    ServiceOfferMemory,
    ServiceOrderRepository,
    TariffChangeRepository,
    TariffQuoteRepository,
    WishQueue,
)
from services.accounts.domain.promised_payment import PromisedPayment, PromisedPaymentState
from services.accounts.domain.service_order import ServiceOrderState
from services.accounts.domain.tariff_change import TariffChangeState
from services.chassis.errors import VersionConflict
from services.chassis.work import DueWork
from tests.accounts.builders import A_MORNING, KEY, SettableClock
from tests.accounts.ordering_builders import (
    ERRANDS,
    OFFER,
    change_answer,
    make_change,
    make_order,
    make_promise,
    make_quote,
    order_answer,
    promise_answer,
)
from tests.accounts.ordering_fakes import (
    FakePromisedPayments,
    FakeServiceOffers,
    FakeServiceOrders,
    FakeTariffChanges,
    FakeTariffQuotes,
)

_OTHER = AccountKey("54", "5400200002")
Choose = Callable[[Callable[[], Any], Callable[[Database[Any]], Any]], Any]


@pytest.fixture(params=["fake", "mongo"])
def choose(request: pytest.FixtureRequest) -> Choose:
    """Return the fake, or the real one with its indexes."""

    def build(fake: Callable[[], Any], real: Callable[[Database[Any]], Any]) -> Any:
        if request.param == "fake":
            return fake()
        repository = real(request.getfixturevalue("database"))
        repository.ensure_indexes()
        repository.ensure_indexes()  # a second replica does the same
        return repository

    return build


class TestTariffQuotes:
    @pytest.fixture
    def quotes(self, choose: Choose) -> TariffQuoteRepository:
        repository: TariffQuoteRepository = choose(FakeTariffQuotes, MongoTariffQuoteRepository)
        return repository

    def test_returns_what_was_saved_and_nothing_else(self, quotes: TariffQuoteRepository) -> None:
        quote = make_quote()
        quotes.save(quote)

        assert quotes.get(quote.tariff_quote_id) == quote
        assert quotes.get("quo_none") is None


class TestTariffChanges:
    @pytest.fixture
    def changes(self, choose: Choose) -> TariffChangeRepository:
        repository: TariffChangeRepository = choose(
            lambda: FakeTariffChanges(SettableClock()), MongoTariffChangeRepository
        )
        return repository

    def test_returns_what_was_saved_in_every_state(self, changes: TariffChangeRepository) -> None:
        change = make_change()
        changes.save(change)
        change.errand.postpone("REGION_UNAVAILABLE", outage=True, plan=ERRANDS, now=A_MORNING)
        changes.save(change)
        assert changes.get(change.tariff_change_id) == change == changes.pending_on(KEY)
        change.heed(change_answer(change, TariffChangeState.SCHEDULED), plan=ERRANDS, now=A_MORNING)
        changes.save(change)
        assert changes.get(change.tariff_change_id) == change

        change.refuse("ACCOUNT_CLOSED", now=A_MORNING)
        changes.save(change)

        assert changes.get(change.tariff_change_id) == change
        assert changes.pending_on(KEY) is None

    def test_lets_an_account_have_one_that_is_pending(self, changes: TariffChangeRepository) -> None:
        first, second = make_change(), make_change()
        changes.save(first)
        changes.save(make_change(key=_OTHER))
        with pytest.raises(TariffChangePending):
            changes.save(second)

        first.heed(change_answer(first, TariffChangeState.DONE), plan=ERRANDS, now=A_MORNING)
        changes.save(first)
        changes.save(second)

        assert changes.pending_on(KEY) == second

    def test_refuses_the_second_of_two_who_read_the_same(self, changes: TariffChangeRepository) -> None:
        change = make_change()
        changes.save(change)
        mine, theirs = changes.get(change.tariff_change_id), changes.get(change.tariff_change_id)
        assert mine is not None and theirs is not None
        changes.save(mine)

        with pytest.raises(VersionConflict):
            changes.save(theirs)

    def test_lists_the_latest_twenty_of_the_account_newest_first(self, changes: TariffChangeRepository) -> None:
        made = [make_change(now=A_MORNING + timedelta(minutes=minute)) for minute in range(22)]
        for change in made:
            change.refuse("ACCOUNT_CLOSED", now=A_MORNING)
            changes.save(change)
        changes.save(make_change(key=_OTHER))

        assert list(changes.listed(KEY)) == made[:1:-1]


class TestServiceOrders:
    @pytest.fixture
    def orders(self, choose: Choose) -> ServiceOrderRepository:
        repository: ServiceOrderRepository = choose(
            lambda: FakeServiceOrders(SettableClock()), MongoServiceOrderRepository
        )
        return repository

    def test_returns_what_was_saved_with_and_without_what_it_is(self, orders: ServiceOrderRepository) -> None:
        bare, whole = make_order(request_id="1", offer=None), make_order(request_id="2")
        whole.heed(order_answer(whole, ServiceOrderState.ACCEPTED), plan=ERRANDS, now=A_MORNING)
        whole.cancel(now=A_MORNING)
        for order in (bare, whole):
            orders.save(order)

        assert (orders.get(bare.service_order_id), orders.get(whole.service_order_id)) == (bare, whole)
        assert orders.get("ord_none") is None
        assert {order.service_order_id for order in orders.listed(KEY)} == {
            bare.service_order_id,
            whole.service_order_id,
        }

    def test_lets_one_request_of_a_subscriber_be_one_order(self, orders: ServiceOrderRepository) -> None:
        first = make_order(subscriber_id="sub_anna", request_id="tap")
        orders.save(first)
        orders.save(make_order(subscriber_id="sub_boris", request_id="tap"))

        with pytest.raises(VersionConflict):
            orders.save(make_order(subscriber_id="sub_anna", request_id="tap"))

        assert orders.requested_as("tap", subscriber_id="sub_anna") == first
        assert orders.requested_as("tap", subscriber_id="sub_clara") is None


class TestServiceOffers:
    @pytest.fixture
    def offers(self, choose: Choose) -> ServiceOfferMemory:
        memory: ServiceOfferMemory = choose(
            FakeServiceOffers, lambda database: MongoServiceOfferMemory(database, clock=SettableClock())
        )
        return memory

    def test_recalls_what_was_shown_last_of_that_account(self, offers: ServiceOfferMemory) -> None:
        offers.remember(KEY, [OFFER])

        assert offers.recall(KEY, OFFER.offer_code) == OFFER
        assert offers.recall(KEY, "none") is None
        assert offers.recall(_OTHER, OFFER.offer_code) is None
        offers.remember(KEY, [])
        assert offers.recall(KEY, OFFER.offer_code) is None


class TestPromisedPayments:
    @pytest.fixture
    def promises(self, choose: Choose) -> PromisedPaymentRepository:
        repository: PromisedPaymentRepository = choose(
            lambda: FakePromisedPayments(SettableClock()), MongoPromisedPaymentRepository
        )
        return repository

    def test_returns_what_was_saved_in_every_state(self, promises: PromisedPaymentRepository) -> None:
        promise = make_promise()
        promises.save(promise)
        assert promises.get(promise.promised_payment_id) == promise == promises.held_on(KEY)

        for state in (PromisedPaymentState.OPEN, PromisedPaymentState.REPAID):
            promise.heed(promise_answer(promise, state), plan=ERRANDS, now=A_MORNING)
            promises.save(promise)
            assert promises.get(promise.promised_payment_id) == promise

        assert promises.held_on(KEY) is None
        assert list(promises.listed(KEY)) == [promise]

    def test_lets_an_account_have_one_that_holds(self, promises: PromisedPaymentRepository) -> None:
        first, second = make_promise(request_id="1"), make_promise(request_id="2")
        promises.save(first)
        promises.save(make_promise(key=_OTHER, request_id="3"))
        with pytest.raises(VersionConflict):
            promises.save(second)

        first.refuse("PROMISED_PAYMENT_NOT_ELIGIBLE", now=A_MORNING)
        promises.save(first)
        promises.save(second)

        assert promises.held_on(KEY) == second

    def test_finds_what_is_unpaid_newest_first_and_lets_another_hold_beside_one_that_is_overdue(
        self, promises: PromisedPaymentRepository
    ) -> None:
        rows = [
            make_promise(request_id=str(days), now=A_MORNING + timedelta(days=days), key=key)
            for days, key in enumerate([KEY, KEY, KEY, KEY, _OTHER])
        ]
        states = [PromisedPaymentState(state) for state in ("overdue", "repaid", "overdue", "open", "overdue")]
        for promise, state in zip(rows, states, strict=True):
            promise.heed(promise_answer(promise, state), plan=ERRANDS, now=promise.created_at)
            promises.save(promise)

        assert list(promises.unpaid_on(KEY)) == [rows[3], rows[2], rows[0]]
        assert promises.held_on(KEY) == rows[3]

    def test_lets_one_request_of_a_subscriber_be_one_promise(self, promises: PromisedPaymentRepository) -> None:
        first = make_promise(subscriber_id="sub_anna", request_id="tap")
        first.refuse("ACCOUNT_CLOSED", now=A_MORNING)
        promises.save(first)

        with pytest.raises(VersionConflict):
            promises.save(make_promise(subscriber_id="sub_anna", request_id="tap"))

        assert promises.requested_as("tap", subscriber_id="sub_anna") == first


class TestQueue:
    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture(params=["fake", "mongo"])
    def parts(self, request: pytest.FixtureRequest, clock: SettableClock) -> tuple[Any, WishQueue[PromisedPayment]]:
        if request.param == "fake":
            fake = FakePromisedPayments(clock)
            return fake, fake
        database = request.getfixturevalue("database")
        repository = MongoPromisedPaymentRepository(database)
        repository.ensure_indexes()
        due = DueWork(promised_payments_of(database), owner="one", clock=clock)
        return repository, MongoWishQueue(due, to_promised_payment)

    def test_gives_what_is_due_and_whoever_held_it_before_cannot_save(
        self, parts: tuple[Any, WishQueue[PromisedPayment]], clock: SettableClock
    ) -> None:
        promises, queue = parts
        promise = make_promise(now=clock.now())
        promises.save(promise)
        assert queue.claim() is None

        clock.advance(seconds=5)
        claimed = queue.claim()

        assert claimed is not None
        assert claimed.promised_payment_id == promise.promised_payment_id
        with pytest.raises(VersionConflict):
            promises.save(promise)
        promises.save(claimed)
