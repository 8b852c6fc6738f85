"""Quotes and orders with everything around them scripted: one tap or ten, one order; billed once, given once."""

from dataclasses import dataclass, field

import pytest

from services.chassis.errors import DomainError, Kind
from services.content.application.advance_content_order import AdvanceContentOrder
from services.content.application.orders import CreateContentOrder, EndQuotesOfAccount, GetContentOrder
from services.content.domain.content_order import (
    AlreadyEntitled,
    ContentOrder,
    ContentOrderNotFound,
    IllegalMove,
    OrderState,
)
from services.content.domain.content_quote import ContentQuote, ContentQuoteExpired, ContentQuoteNotFound
from services.content.domain.offering import AgeMark, AgeNotConfirmed, Offering
from services.content.domain.ports import ChargeOutcome, ChargeVerdict
from tests.content.builders import HERS, IVAN, MARIA, make_offering, make_order, make_quote, make_rental
from tests.content.fakes import (
    FakeAccounts,
    FakeCharges,
    FakeClock,
    FakeContentOrderRepository,
    FakeContentQuoteRepository,
    FakeEntitlementRepository,
)

UNKNOWN = ChargeOutcome(verdict=ChargeVerdict.UNKNOWN)
NO_ACCOUNT = ChargeOutcome(verdict=ChargeVerdict.NO_ACCOUNT)
NO_MONEY = ChargeOutcome(verdict=ChargeVerdict.REFUSED, reason="INSUFFICIENT_FUNDS")


@dataclass(slots=True)
class Shop:
    """Ordering on fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    quotes: FakeContentQuoteRepository = field(default_factory=FakeContentQuoteRepository)
    entitlements: FakeEntitlementRepository = field(default_factory=FakeEntitlementRepository)
    charges: FakeCharges = field(default_factory=FakeCharges)
    accounts: FakeAccounts = field(default_factory=lambda: FakeAccounts((MARIA, HERS)))
    orders: FakeContentOrderRepository = field(init=False)

    def __post_init__(self) -> None:
        self.orders = FakeContentOrderRepository(self.clock)

    def quote(self, offering: Offering | None = None) -> ContentQuote:
        quote = make_quote(offering, now=self.clock.now())
        self.quotes.save(quote)
        return quote

    def order(self, quote: ContentQuote, *, subscriber_id: str = MARIA) -> ContentOrder:
        create = CreateContentOrder(quotes=self.quotes, orders=self.orders, accounts=self.accounts, clock=self.clock)
        return create(subscriber_id=subscriber_id, content_quote_id=quote.content_quote_id)

    def work(self) -> None:
        while AdvanceContentOrder(
            orders=self.orders, entitlements=self.entitlements, charges=self.charges, clock=self.clock
        )():
            pass

    def state_of(self, order: ContentOrder) -> OrderState:
        stored = self.orders.get(order.content_order_id)
        assert stored is not None
        return stored.state


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_bills_an_order_gives_its_entitlement_and_announces_it(shop: Shop) -> None:
    order = shop.order(shop.quote())

    shop.work()

    assert shop.state_of(order) is OrderState.COMPLETED
    assert shop.charges.ledger == {order.content_order_id: 24900}
    (entitlement,) = shop.entitlements.of_subscriber(MARIA, limit=10)
    assert entitlement.content_order_id == order.content_order_id
    assert [event.content_order_id for event in shop.orders.published] == [order.content_order_id]


def test_makes_one_order_of_a_double_tap_even_after_the_quote_has_expired(shop: Shop) -> None:
    quote = shop.quote(make_rental())
    first = shop.order(quote)
    shop.clock.advance(hours=1)

    second = shop.order(quote)

    assert second.content_order_id == first.content_order_id
    assert len(shop.orders.rows) == 1


def test_refuses_an_expired_quote(shop: Shop) -> None:
    quote = shop.quote()
    shop.clock.advance(minutes=10)

    with pytest.raises(ContentQuoteExpired):
        shop.order(quote)


def test_keeps_the_price_of_the_quote_whatever_the_catalogue_says_later(shop: Shop) -> None:
    quote = shop.quote()

    shop.order(quote)
    shop.work()

    assert list(shop.charges.ledger.values()) == [quote.offering.price.amount_minor]


def test_shows_a_foreign_quote_and_order_as_absent(shop: Shop) -> None:
    order = shop.order(shop.quote())

    with pytest.raises(ContentQuoteNotFound):
        shop.order(shop.quote(make_rental()), subscriber_id=IVAN)
    with pytest.raises(ContentOrderNotFound):
        GetContentOrder(orders=shop.orders)(subscriber_id=IVAN, content_order_id=order.content_order_id)


def test_sells_a_purchase_once_and_a_rental_again(shop: Shop) -> None:
    shop.order(shop.quote())
    shop.order(shop.quote(make_rental()))

    shop.order(shop.quote(make_rental()))
    with pytest.raises(AlreadyEntitled):
        shop.order(shop.quote())

    assert len(shop.orders.rows) == 3


def test_sells_a_purchase_after_a_refused_try(shop: Shop) -> None:
    shop.charges.outcomes = [NO_MONEY]
    refused = shop.order(shop.quote())
    shop.work()

    again = shop.order(shop.quote())
    shop.work()

    assert shop.state_of(refused) is OrderState.REFUSED
    assert shop.state_of(again) is OrderState.COMPLETED


def test_gives_nothing_for_an_order_that_the_region_refuses(shop: Shop) -> None:
    shop.charges.outcomes = [NO_MONEY]

    order = shop.order(shop.quote())
    shop.work()

    stored = shop.orders.get(order.content_order_id)
    assert stored is not None
    assert stored.refusal_reason == "INSUFFICIENT_FUNDS"
    assert shop.entitlements.rows == {}
    assert shop.orders.published == []
    assert stored.due_at is None


@pytest.mark.parametrize("billed_first", [True, False])
def test_asks_again_with_the_same_charge_until_the_outcome_is_known(shop: Shop, billed_first: bool) -> None:
    shop.charges.outcomes = [UNKNOWN] * 5
    shop.charges.bills_before_failing = billed_first

    order = shop.order(shop.quote())
    for _ in range(10):
        shop.work()
        shop.clock.advance(minutes=5)

    assert shop.state_of(order) is OrderState.COMPLETED
    assert shop.charges.ledger == {order.content_order_id: 24900}
    assert len(shop.entitlements.rows) == 1


def test_refuses_an_order_whose_link_ended_before_it_was_billed(shop: Shop) -> None:
    shop.charges.outcomes = [NO_ACCOUNT]

    order = shop.order(shop.quote())
    shop.work()

    assert shop.state_of(order) is OrderState.REFUSED


def test_does_not_call_refused_what_may_have_been_billed(shop: Shop) -> None:
    shop.charges.outcomes = [UNKNOWN, NO_ACCOUNT]
    shop.charges.bills_before_failing = True

    order = shop.order(shop.quote())
    shop.work()
    shop.clock.advance(seconds=1)
    shop.work()

    assert shop.state_of(order) is OrderState.REQUESTED
    assert shop.orders.rows[order.content_order_id].due_at is not None


@pytest.mark.parametrize("kind", [Kind.PERMISSION_DENIED, Kind.UNAVAILABLE])
def test_makes_no_order_when_accounts_does_not_allow_it_or_does_not_answer(shop: Shop, kind: Kind) -> None:
    quote = shop.quote()
    shop.accounts.kind = kind

    with pytest.raises(DomainError) as caught:
        shop.order(quote)

    assert caught.value.kind is kind
    assert shop.orders.rows == {}


def test_takes_a_quote_as_ended_when_the_link_has_and_its_event_has_not_come(shop: Shop) -> None:
    quote = shop.quote()
    shop.accounts.known.clear()

    with pytest.raises(ContentQuoteExpired):
        shop.order(quote)


def test_ends_the_open_quotes_of_an_account_that_was_unlinked(shop: Shop) -> None:
    quote = shop.quote()
    end = EndQuotesOfAccount(quotes=shop.quotes, clock=shop.clock)

    end(billing_account_id="acc_other")
    assert shop.quotes.rows[quote.content_quote_id].ended_at is None
    end(billing_account_id=HERS)
    end(billing_account_id=HERS)

    with pytest.raises(ContentQuoteExpired):
        shop.order(quote)


@pytest.mark.parametrize("killed_after", ["billing", "entitlement"])
def test_finishes_what_a_killed_dispatcher_left_with_one_charge_and_one_entitlement(
    shop: Shop, killed_after: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    order = shop.order(shop.quote())
    save = shop.orders.save
    if killed_after == "billing":
        shop.charges.before_answer = kill
    else:
        shop.orders.save = kill  # type: ignore[method-assign]
    with pytest.raises(Killed):
        shop.work()

    shop.charges.before_answer = lambda: None
    shop.orders.save = save  # type: ignore[method-assign]
    shop.orders.expire_leases()
    shop.clock.advance(minutes=2)
    shop.work()

    assert shop.state_of(order) is OrderState.COMPLETED
    assert list(shop.charges.ledger.values()) == [24900]
    assert len(shop.entitlements.rows) == 1
    assert len(shop.orders.published) == 1


def test_is_final_once_completed_or_refused() -> None:
    completed, refused = make_order(), make_order()
    completed.complete(now=completed.created_at)
    refused.refuse("INSUFFICIENT_FUNDS")

    with pytest.raises(IllegalMove):
        completed.refuse("INSUFFICIENT_FUNDS")
    with pytest.raises(IllegalMove):
        refused.complete(now=refused.created_at)


@pytest.mark.parametrize(("mark", "adult", "allowed"), [(18, False, False), (18, True, True), (16, False, True)])
def test_wants_adults_to_say_so_from_18_on(mark: int, adult: bool, allowed: bool) -> None:
    offering = make_offering(age_mark=AgeMark(mark))

    if allowed:
        offering.check_age(adult=adult)
    else:
        with pytest.raises(AgeNotConfirmed):
            offering.check_age(adult=adult)
