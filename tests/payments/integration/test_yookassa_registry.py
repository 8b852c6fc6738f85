"""The registry adapter against the sandbox acquirer: all pages, only what moved, and what each failure means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.ids import new_id
from services.chassis.money import Money
from services.payments.adapters.yookassa_acquirer import YookassaAcquirer
from services.payments.adapters.yookassa_client import YookassaClient
from services.payments.adapters.yookassa_registry import YookassaRegistry
from services.payments.domain.acquirer import AcquirerPayment, AcquirerRefund, ChargeOrder
from services.payments.domain.payment import PaymentKind
from services.payments.domain.reconciliation_ports import RegistryImplausible, RegistryUnavailable
from services.payments.domain.registry import Period
from tests.payments.builders import RETURN_URL
from tests.payments.integration.sandbox_acquirer import SandboxAcquirer


@pytest.fixture
def registry(acquirer: SandboxAcquirer) -> YookassaRegistry:
    return YookassaRegistry(YookassaClient(acquirer.shop), timeout_s=30)


@pytest.fixture
def shop(acquirer: SandboxAcquirer) -> YookassaAcquirer:
    return YookassaAcquirer(YookassaClient(acquirer.shop))


@pytest.fixture
def today() -> Period:
    """From this test's beginning on."""
    now = datetime.now(UTC)
    return Period(begins_at=now.replace(microsecond=now.microsecond // 1000 * 1000), ends_at=now + timedelta(hours=1))


def opened(shop: YookassaAcquirer, *, token: str = "", save: bool = False) -> AcquirerPayment:
    payment_id = new_id("pay")
    order = ChargeOrder(
        payment_id=payment_id,
        idempotence_key=f"{payment_id}:charge",
        amount=Money(45_005),
        kind=PaymentKind.SAVED_CARD if token else PaymentKind.NEW_CARD,
        return_url=RETURN_URL,
        save_payment_method=save,
        acquirer_method_id=token,
    )
    answer = shop.charge(order, timeout_s=30)
    assert isinstance(answer, AcquirerPayment)
    return answer


def paid(shop: YookassaAcquirer, acquirer: SandboxAcquirer, *, save: bool = False) -> AcquirerPayment:
    started = opened(shop, save=save)
    acquirer.confirm(started.acquirer_payment_id)
    answer = shop.get(started.acquirer_payment_id, timeout_s=30)
    assert isinstance(answer, AcquirerPayment)
    return answer


def given_back(shop: YookassaAcquirer, payment: AcquirerPayment, *, kopecks: int) -> AcquirerRefund:
    answer = shop.refund(
        refund_id=new_id("refund"),
        acquirer_payment_id=payment.acquirer_payment_id,
        amount=Money(kopecks),
        timeout_s=30,
    )
    assert isinstance(answer, AcquirerRefund)
    return answer


def test_lists_every_page_of_what_was_captured_and_nothing_that_was_not(
    registry: YookassaRegistry, shop: YookassaAcquirer, acquirer: SandboxAcquirer, today: Period
) -> None:
    first = paid(shop, acquirer, save=True)
    assert first.saved_card is not None
    token = first.saved_card.acquirer_method_id
    charged = [first, *(opened(shop, token=token) for _ in range(204))]
    opened(shop)  # waits for its payer

    listed = list(registry.charges(today))

    assert len(listed) == 205
    assert {(row.payment_id, row.acquirer_payment_id, row.amount) for row in listed} == {
        (payment.payment_id, payment.acquirer_payment_id, Money(45_005)) for payment in charged
    }
    assert list(registry.charges(Period(begins_at=today.ends_at, ends_at=today.ends_at + timedelta(days=1)))) == []


def test_tells_what_was_given_back_of_a_charge_and_when_it_was(
    registry: YookassaRegistry, shop: YookassaAcquirer, acquirer: SandboxAcquirer, today: Period
) -> None:
    payment, other = paid(shop, acquirer), paid(shop, acquirer)
    refunds = [given_back(shop, payment, kopecks=kopecks) for kopecks in (100, 200)]
    acquirer.decide_next("refund_cancel")
    given_back(shop, other, kopecks=300)

    charge = registry.charge(payment.acquirer_payment_id)
    listed = list(registry.refunds(today))

    assert charge is not None
    assert (charge.refunded, charge.payment_id) == (Money(300), payment.payment_id)
    assert {(row.acquirer_refund_id, row.refund_id, row.amount) for row in listed} == {
        (refund.acquirer_refund_id, refund.refund_id, refund.amount) for refund in refunds
    }
    assert sorted(registry.refunds_of(payment.acquirer_payment_id), key=lambda row: row.amount.amount_minor) == sorted(
        listed, key=lambda row: row.amount.amount_minor
    )
    assert registry.refunds_of(other.acquirer_payment_id) == []


def test_finds_a_charge_by_our_id_among_those_started_in_a_time(
    registry: YookassaRegistry, shop: YookassaAcquirer, acquirer: SandboxAcquirer, today: Period
) -> None:
    payment = paid(shop, acquirer)

    found = registry.find_charge(payment.payment_id, started=today)

    assert found == registry.charge(payment.acquirer_payment_id)
    assert registry.find_charge("pay_none", started=today) is None


def test_nothing_was_taken_under_an_id_that_there_is_not_or_that_waits(
    registry: YookassaRegistry, shop: YookassaAcquirer
) -> None:
    waiting = opened(shop)

    assert registry.charge("22e12f66-000f-5000-8000-000000000000") is None
    assert registry.charge(waiting.acquirer_payment_id) is None


@pytest.mark.parametrize("fault", ["error_500_before", "timeout_before", "reset"])
def test_a_page_without_an_answer_ends_the_list_as_unavailable(
    registry: YookassaRegistry, acquirer: SandboxAcquirer, today: Period, fault: str
) -> None:
    acquirer.break_next("list_payments", fault)

    with pytest.raises(RegistryUnavailable) as refusal:
        list(registry.charges(today))

    assert not isinstance(refusal.value, RegistryImplausible)


def test_a_refusal_of_our_key_says_nothing_about_a_charge(acquirer: SandboxAcquirer) -> None:
    stranger = YookassaRegistry(YookassaClient(replace(acquirer.shop, secret_key="x" * 32)), timeout_s=30)

    with pytest.raises(RegistryUnavailable, match="invalid_credentials"):
        stranger.charge("22e12f66-000f-5000-8000-000000000000")


def test_a_row_in_another_currency_makes_the_list_implausible(
    registry: YookassaRegistry, shop: YookassaAcquirer, acquirer: SandboxAcquirer, today: Period
) -> None:
    payment = paid(shop, acquirer)
    acquirer.cooked.change(payment.acquirer_payment_id, currency="USD")

    try:
        with pytest.raises(RegistryImplausible):
            list(registry.charges(today))
    finally:
        acquirer.cooked.change(payment.acquirer_payment_id, currency="RUB")
