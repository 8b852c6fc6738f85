"""The adapter against the sandbox acquirer: what it sends, what it understands, and what each failure means."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.ids import new_id
from services.chassis.money import Money
from services.payments.adapters.yookassa_acquirer import YookassaAcquirer
from services.payments.adapters.yookassa_client import YookassaClient
from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    AcquirerRefund,
    ChargeOrder,
    Refused,
    Silence,
    Status,
)
from services.payments.domain.payment import PaymentKind
from tests.payments.builders import RETURN_URL
from tests.payments.integration.sandbox_acquirer import SandboxAcquirer
from tests.support import eventually


@pytest.fixture
def yookassa(acquirer: SandboxAcquirer) -> YookassaAcquirer:
    return YookassaAcquirer(YookassaClient(acquirer.shop))


def order(
    *, kopecks: int = 45_005, token: str = "", save: bool = False, kind: PaymentKind = PaymentKind.NEW_CARD
) -> ChargeOrder:
    payment_id = new_id("pay")
    return ChargeOrder(
        payment_id=payment_id,
        idempotence_key=f"{payment_id}:charge",
        amount=Money(kopecks),
        kind=PaymentKind.SAVED_CARD if token else kind,
        return_url=RETURN_URL,
        save_payment_method=save,
        acquirer_method_id=token,
    )


def opened(yookassa: YookassaAcquirer, wanted: ChargeOrder) -> AcquirerPayment:
    answer = yookassa.charge(wanted, timeout_s=30)
    assert isinstance(answer, AcquirerPayment)
    return answer


def look_for(yookassa: YookassaAcquirer, payment_id: str) -> object:
    now = datetime.now(UTC)
    minutes = timedelta(minutes=10)
    return yookassa.find(payment_id, since=now - minutes, until=now + minutes, timeout_s=30)


def paid(yookassa: YookassaAcquirer, acquirer: SandboxAcquirer, wanted: ChargeOrder) -> AcquirerPayment:
    started = opened(yookassa, wanted)
    acquirer.confirm(started.acquirer_payment_id)
    answer = yookassa.get(started.acquirer_payment_id, timeout_s=30)
    assert isinstance(answer, AcquirerPayment)
    return answer


def test_a_new_card_is_confirmed_on_a_page_charged_once_and_kept(
    yookassa: YookassaAcquirer, acquirer: SandboxAcquirer
) -> None:
    wanted = order(save=True)

    started = opened(yookassa, wanted)
    again = opened(yookassa, wanted)
    acquirer.confirm(started.acquirer_payment_id)
    told = yookassa.get(started.acquirer_payment_id, timeout_s=30)

    assert again.acquirer_payment_id == started.acquirer_payment_id
    assert (started.status, started.amount, started.payment_id) == (Status.PENDING, Money(45_005), wanted.payment_id)
    assert started.confirmation_url.startswith("http://127.0.0.1")
    assert isinstance(told, AcquirerPayment) and told.captured_at and told.saved_card
    assert (told.status, told.saved_card.brand, told.saved_card.last4) == (Status.SUCCEEDED, "mir", "2987")
    assert acquirer.ledger(wanted.payment_id) == [("charge", 45_005)]


def test_a_saved_card_is_charged_at_once(yookassa: YookassaAcquirer, acquirer: SandboxAcquirer) -> None:
    card = paid(yookassa, acquirer, order(save=True)).saved_card
    assert card is not None

    told = opened(yookassa, order(token=card.acquirer_method_id))

    assert (told.status, told.confirmation_url) == (Status.SUCCEEDED, "")


def test_a_decline_comes_with_its_reason(yookassa: YookassaAcquirer, acquirer: SandboxAcquirer) -> None:
    acquirer.decide_next("decline:insufficient_funds")

    told = paid(yookassa, acquirer, order())

    assert (told.status, told.decline_reason) == (Status.CANCELED, "insufficient_funds")


@pytest.mark.parametrize(
    ("fault", "executed"),
    [
        ("timeout_before", False),
        ("timeout_after", True),
        ("error_500_before", False),
        ("error_500_after", True),
        ("reset", False),
        ("reset_after", True),
    ],
)
def test_silence_says_nothing_and_the_same_key_settles_it(
    yookassa: YookassaAcquirer, acquirer: SandboxAcquirer, fault: str, executed: bool
) -> None:
    wanted = order()
    acquirer.break_next("create_payment", fault)

    answer = yookassa.charge(wanted, timeout_s=0.5 if fault.startswith("timeout") else 30)
    if executed:
        eventually(lambda: look_for(yookassa, wanted.payment_id) != Absent())
    found = look_for(yookassa, wanted.payment_id)
    repeated = opened(yookassa, wanted)

    assert answer == Silence()
    assert (found == repeated) if executed else (found == Absent())
    assert look_for(yookassa, wanted.payment_id) == repeated


def test_finds_a_payment_beyond_the_first_page(yookassa: YookassaAcquirer) -> None:
    wanted = order()
    first = opened(yookassa, wanted)

    for _ in range(101):
        opened(yookassa, order())

    assert look_for(yookassa, wanted.payment_id) == first


def test_a_refusal_is_told_by_its_code(yookassa: YookassaAcquirer, acquirer: SandboxAcquirer) -> None:
    stranger = YookassaAcquirer(YookassaClient(replace(acquirer.shop, secret_key="w" * 32)))

    assert yookassa.charge(order(kopecks=1), timeout_s=30) == Refused("invalid_request")
    assert stranger.charge(order(), timeout_s=30) == Refused("invalid_credentials")


def test_a_refusal_to_show_a_payment_says_nothing_about_it(yookassa: YookassaAcquirer) -> None:
    assert yookassa.get("2f0c1b5e-000f-5000-8000-000000000000", timeout_s=30) == Silence()


@pytest.mark.parametrize(
    "ask",
    [
        lambda yookassa: yookassa.charge(order(), timeout_s=1),
        lambda yookassa: yookassa.get("any", timeout_s=1),
        lambda yookassa: look_for(yookassa, "any"),
        lambda yookassa: yookassa.find_refund("any", acquirer_payment_id="any", timeout_s=1),
    ],
)
def test_nobody_there_is_silence(acquirer: SandboxAcquirer, ask: Callable[[YookassaAcquirer], object]) -> None:
    nobody = replace(acquirer.shop, api_url="http://127.0.0.1:9/v3")

    assert ask(YookassaAcquirer(YookassaClient(nobody))) == Silence()


def test_gives_back_once_whatever_happens_to_the_answer(yookassa: YookassaAcquirer, acquirer: SandboxAcquirer) -> None:
    wanted = order()
    told = paid(yookassa, acquirer, wanted)
    acquirer.break_next("create_refund", "reset_after")

    refund_id = f"{wanted.payment_id}:refund:1"

    def refund() -> object:
        return yookassa.refund(
            refund_id=refund_id,
            acquirer_payment_id=told.acquirer_payment_id,
            amount=wanted.amount,
            timeout_s=30,
        )

    def found() -> object:
        return yookassa.find_refund(refund_id, acquirer_payment_id=told.acquirer_payment_id, timeout_s=30)

    before = found()
    lost, made = refund(), refund()

    assert (before, lost) == (Absent(), Silence())
    assert isinstance(made, AcquirerRefund) and made == found()
    assert acquirer.ledger(wanted.payment_id) == [("charge", 45_005), ("refund", 45_005)]


@pytest.mark.parametrize("kind", [PaymentKind.SBP, PaymentKind.WEBMONEY])
@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [("success", Status.SUCCEEDED, ""), ("insufficient_funds", Status.CANCELED, "insufficient_funds")],
)
def test_bank_and_wallet_are_answered_elsewhere_and_asked_about(
    yookassa: YookassaAcquirer, acquirer: SandboxAcquirer, kind: PaymentKind, outcome: str, status: Status, reason: str
) -> None:
    wanted = order(kind=kind)

    started = opened(yookassa, wanted)
    acquirer.answer(started.acquirer_payment_id, outcome=outcome)
    told = yookassa.get(started.acquirer_payment_id, timeout_s=30)

    assert started.confirmation_url.startswith("http://127.0.0.1")
    assert isinstance(told, AcquirerPayment)
    assert (told.status, told.decline_reason, told.saved_card) == (status, reason, None)
    assert acquirer.ledger(wanted.payment_id) == ([("charge", 45_005)] if not reason else [])
