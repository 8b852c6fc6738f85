"""What the acquirer keeps over a kill, and what time does to its payments."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from yookassa import Payment
from yookassa.domain.exceptions import ApiError

from tests.sandbox.conftest import point_sdk_at
from tests.sandbox.programs import Program
from tests.sandbox.shop import charge_saved, ledger_of, order, pay, save_card
from tests.sandbox.webhook_receiver import WebhookReceiver
from tests.support import eventually
from tests.support.ports import free_port

StartAcquirer = Callable[..., Program]


def test_a_killed_acquirer_comes_back_with_its_books_keys_and_debts(own_acquirer: StartAcquirer) -> None:
    port = free_port()
    acquirer = own_acquirer(webhook_port=port)  # nobody listens there yet
    method_id, key = save_card(acquirer), str(uuid.uuid4())
    metadata = {"payment_id": f"pay_{uuid.uuid4().hex}"}
    held = pay(acquirer)
    charged = charge_saved(method_id, key=key, metadata=dict(metadata))
    before = acquirer.call("GET", "/control/ledger")[1]

    acquirer.kill()
    receiver = WebhookReceiver(port=port)
    acquirer.start()

    try:
        point_sdk_at(acquirer)
        assert acquirer.call("GET", "/control/ledger")[1] == before
        assert Payment.find_one(held.id).status == "waiting_for_capture"
        assert charge_saved(method_id, key=key, metadata=dict(metadata)).id == charged.id
        assert ledger_of(acquirer, metadata["payment_id"]) == [("charge", 45000)]
        eventually(lambda: receiver.events_of(charged.id) == ["payment.succeeded"], timeout_s=60)
        eventually(lambda: receiver.events_of(held.id) == ["payment.waiting_for_capture"], timeout_s=60)
    finally:
        receiver.close()


def test_a_kill_under_load_loses_nothing_that_was_answered_and_charges_nothing_twice(
    own_acquirer: StartAcquirer,
) -> None:
    acquirer = own_acquirer(webhook_port=free_port(), ACQUIRER_HOLD_S="600")
    method_id = save_card(acquirer)
    orders = {f"pay_{uuid.uuid4().hex}": str(uuid.uuid4()) for _ in range(120)}
    unheard = next(iter(orders))
    fault = {"match": {"payment_id": unheard}, "fault": "timeout_after"}
    assert acquirer.call("POST", "/control/faults", fault)[0] == 201
    answered: dict[str, str] = {}

    def charge(shop_id: str) -> None:
        try:
            payment = charge_saved(method_id, key=orders[shop_id], metadata={"payment_id": shop_id})
        except (AttributeError, ApiError):  # the former is what the SDK makes of a lost connection
            return
        answered[shop_id] = payment.id

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(charge, shop_id) for shop_id in orders]
        eventually(lambda: ledger_of(acquirer, unheard))
        eventually(lambda: len(answered) >= 20, timeout_s=60, every_s=0.001)
        acquirer.kill()
        wait(running)
    before_the_kill = dict(answered)
    acquirer.start()
    for shop_id in orders:
        charge(shop_id)

    assert len(before_the_kill) >= 20
    assert unheard not in before_the_kill
    assert before_the_kill.items() <= answered.items()
    assert [ledger_of(acquirer, shop_id) for shop_id in orders] == [[("charge", 45000)]] * len(orders)


def test_a_pending_outcome_survives_the_kill(own_acquirer: StartAcquirer) -> None:
    acquirer = own_acquirer(webhook_port=free_port(), ACQUIRER_PENDING_S="1")
    method_id, shop_id = save_card(acquirer), f"pay_{uuid.uuid4().hex}"
    acquirer.call("POST", "/control/faults", {"match": {"payment_id": shop_id}, "fault": "pending_then_succeed"})
    payment = charge_saved(method_id, metadata={"payment_id": shop_id})

    acquirer.kill()
    acquirer.start()

    assert payment.status == "pending"
    eventually(lambda: Payment.find_one(payment.id).status == "succeeded")
    assert ledger_of(acquirer, shop_id) == [("charge", 45000)]


def test_a_notification_is_repeated_until_it_is_taken(own_acquirer: StartAcquirer) -> None:
    receiver = WebhookReceiver(port=free_port())
    receiver.answers += [500, 302]
    acquirer = own_acquirer(webhook_port=receiver.port)
    try:
        payment = pay(acquirer, capture=True)

        eventually(lambda: len(receiver.events_of(payment.id)) == 3, timeout_s=60)
        eventually(lambda: _webhook_of(acquirer, payment.id)["outcome"] == "200")

        assert _webhook_of(acquirer, payment.id)["attempts"] == 3
        assert _webhook_of(acquirer, payment.id)["next_attempt_at"] is None
    finally:
        receiver.close()


@pytest.mark.parametrize(
    ("confirmed", "days", "reason"), [(False, 1, "expired_on_confirmation"), (True, 8, "expired_on_capture")]
)
def test_a_payment_lapses_when_its_time_is_over(
    own_acquirer: StartAcquirer, tmp_path: Path, confirmed: bool, days: int, reason: str
) -> None:
    clock_file = tmp_path / "clock"
    acquirer = own_acquirer(webhook_port=free_port(), CLOCK_FILE=str(clock_file))
    payment = pay(acquirer) if confirmed else Payment.create(order(), str(uuid.uuid4()))

    clock_file.write_text(str(days * 24 * 3600))

    eventually(lambda: Payment.find_one(payment.id).status == "canceled")
    assert dict(Payment.find_one(payment.id).cancellation_details) == {"party": "yoo_money", "reason": reason}


def test_an_idempotence_key_is_forgotten_after_a_day(own_acquirer: StartAcquirer, tmp_path: Path) -> None:
    clock_file, key, body = tmp_path / "clock", str(uuid.uuid4()), order()
    own_acquirer(webhook_port=free_port(), CLOCK_FILE=str(clock_file))
    first = Payment.create(body, key)
    clock_file.write_text(str(23 * 3600))
    within_a_day = Payment.create(body, key)
    clock_file.write_text(str(25 * 3600))

    afterwards = Payment.create(body, key)

    assert within_a_day.id == first.id
    assert afterwards.id != first.id


def _webhook_of(acquirer: Program, payment_id: str) -> dict[str, object]:
    items = acquirer.call("GET", f"/control/webhooks?subject_id={payment_id}")[1]["items"]
    return dict(items[0])
