"""One conformance class per port, run against the fake and MongoDB: what one promises, the other keeps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.content.adapters.mongo_content_orders import MongoContentOrderRepository
from services.content.adapters.mongo_content_quotes import MongoContentQuoteRepository
from services.content.adapters.mongo_entitlements import MongoEntitlementRepository
from services.content.domain.content_order import AlreadyEntitled, ContentOrder
from services.content.domain.entitlement import Entitlement
from services.content.domain.ports import ContentOrderRepository, ContentQuoteRepository, EntitlementRepository
from tests.content.builders import A_MORNING, HERS, IVAN, MARIA, make_order, make_quote, make_rental
from tests.content.fakes import (
    FakeClock,
    FakeContentOrderRepository,
    FakeContentQuoteRepository,
    FakeEntitlementRepository,
)


@dataclass
class Subject:
    quotes: ContentQuoteRepository
    orders: ContentOrderRepository
    entitlements: EntitlementRepository


def on_fakes(_database: Callable[[], Database[Any]]) -> Subject:
    return Subject(FakeContentQuoteRepository(), FakeContentOrderRepository(FakeClock()), FakeEntitlementRepository())


def on_mongo(database: Callable[[], Database[Any]]) -> Subject:
    quotes = MongoContentQuoteRepository(database())
    orders = MongoContentOrderRepository(database(), clock=FakeClock(), owner="test")
    entitlements = MongoEntitlementRepository(database())
    for repository in (quotes, orders, entitlements):
        repository.ensure_indexes()
        repository.ensure_indexes()
    return Subject(quotes, orders, entitlements)


@pytest.fixture(params=[on_fakes, on_mongo])
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.param(lambda: request.getfixturevalue("database"))
    return made


class TestContentQuoteRepository:
    def test_returns_what_was_saved(self, subject: Subject) -> None:
        quote = make_quote()

        subject.quotes.save(quote)

        assert subject.quotes.get(quote.content_quote_id) == quote
        assert subject.quotes.get("quo_unknown") is None

    def test_lists_the_open_quotes_of_an_account(self, subject: Subject) -> None:
        open_quote, ended, expired = make_quote(), make_quote(), make_quote(now=A_MORNING - timedelta(minutes=10))
        ended.end(now=A_MORNING)
        for quote in (open_quote, ended, expired):
            subject.quotes.save(quote)

        assert subject.quotes.open_of(HERS, now=A_MORNING) == [open_quote]
        assert subject.quotes.open_of("acc_other", now=A_MORNING) == []

    def test_lets_one_of_two_writers_win(self, subject: Subject) -> None:
        quote = make_quote()
        subject.quotes.save(quote)
        other = replace(quote)

        subject.quotes.save(quote)

        with pytest.raises(VersionConflict):
            subject.quotes.save(other)


class TestContentOrderRepository:
    def test_returns_what_was_saved(self, subject: Subject) -> None:
        order = make_order()
        order.lose_track(now=A_MORNING)
        order.refuse("INSUFFICIENT_FUNDS")

        subject.orders.save(order)

        assert subject.orders.get(order.content_order_id) == order

    def test_keeps_one_order_per_quote(self, subject: Subject) -> None:
        quote = make_quote()

        assert subject.orders.add(ContentOrder.by(quote, now=A_MORNING))
        assert not subject.orders.add(ContentOrder.by(quote, now=A_MORNING))

    def test_keeps_one_purchase_per_subscriber_and_offering(self, subject: Subject) -> None:
        assert subject.orders.add(make_order())

        with pytest.raises(AlreadyEntitled):
            subject.orders.add(make_order())
        assert subject.orders.add(make_order(subscriber_id=IVAN))
        assert subject.orders.add(make_order(make_rental()))
        assert subject.orders.add(make_order(make_rental()))

    def test_lets_a_refused_purchase_be_made_again(self, subject: Subject) -> None:
        order = make_order()
        order.refuse("INSUFFICIENT_FUNDS")
        subject.orders.save(order)

        assert subject.orders.add(make_order())

    def test_hands_a_due_order_to_one_claimer_and_fences_off_the_others(self, subject: Subject) -> None:
        order = make_order()
        subject.orders.add(order)

        claimed = subject.orders.claim_due()

        assert claimed is not None
        assert subject.orders.claim_due() is None
        with pytest.raises(VersionConflict):
            subject.orders.save(order)
        claimed.complete(now=A_MORNING)
        subject.orders.save(claimed)
        assert subject.orders.claim_due() is None


class TestEntitlementRepository:
    def test_gives_one_entitlement_per_order(self, subject: Subject) -> None:
        order = make_order()

        subject.entitlements.add(Entitlement.by(order, now=A_MORNING))
        subject.entitlements.add(Entitlement.by(order, now=A_MORNING + timedelta(hours=1)))

        (entitlement,) = subject.entitlements.of_subscriber(MARIA, limit=10)
        assert entitlement == Entitlement.by(order, now=A_MORNING)

    def test_lists_a_subscriber_s_own_newest_first(self, subject: Subject) -> None:
        orders = [make_order(make_rental()) for _ in range(3)]
        for hours, order in enumerate(orders):
            subject.entitlements.add(Entitlement.by(order, now=A_MORNING + timedelta(hours=hours)))
        subject.entitlements.add(Entitlement.by(make_order(subscriber_id=IVAN), now=A_MORNING))

        found = subject.entitlements.of_subscriber(MARIA, limit=2)

        assert [one.content_order_id for one in found] == [orders[2].content_order_id, orders[1].content_order_id]


def test_makes_one_order_of_eight_taps_at_once(database: Database[Any]) -> None:
    orders = MongoContentOrderRepository(database, clock=FakeClock(), owner="test")
    orders.ensure_indexes()
    quote = make_quote()

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: orders.add(ContentOrder.by(quote, now=A_MORNING)), range(8)))

    assert sorted(added) == [False] * 7 + [True]
    assert database["content_orders"].count_documents({}) == 1


def test_puts_the_event_beside_the_state(database: Database[Any]) -> None:
    orders = MongoContentOrderRepository(database, clock=FakeClock(), owner="test")
    order = make_order()
    order.complete(now=A_MORNING)

    orders.save(order)

    stored = database["content_orders"].find_one({})
    assert stored is not None
    assert stored["outbox"][0]["name"] == "content.content_ordered.v1"
    assert stored["outbox"][0]["data"]["price"] == {"amount_minor": 24900, "currency": "RUB"}
