"""Fault scripts: what the shop sees, and whether money moved."""

import time
import uuid
from collections.abc import Callable

import pytest
import requests
from yookassa import Configuration, Payment
from yookassa.domain.exceptions import InternalServerError

from tests.sandbox.programs import Program
from tests.sandbox.shop import charge_saved, ledger_of, order, pay, save_card
from tests.sandbox.webhook_receiver import WebhookReceiver
from tests.support import eventually
from tests.support.ports import free_port


def _new_id() -> str:
    return f"pay_{uuid.uuid4().hex}"


def _arm(acquirer: Program, fault: str, *, times: int = 1, **match: str) -> None:
    status, answer = acquirer.call("POST", "/control/faults", {"match": match, "fault": fault, "times": times})
    assert status == 201, answer


def _charge_raw(
    acquirer: Program, method_id: str, shop_id: str, *, key: str, timeout_s: float = 60
) -> requests.Response:
    body = order(confirmation=None, capture=True, payment_method_id=method_id, metadata={"payment_id": shop_id})
    return requests.post(
        f"{acquirer.base_url}/v3/payments",
        json=body,
        auth=(Configuration.account_id, Configuration.secret_key),
        headers={"Idempotence-Key": key},
        timeout=timeout_s,
    )


@pytest.mark.parametrize(
    ("fault", "charges"), [("timeout_before", 0), ("timeout_after", 1), ("reset", 0), ("reset_after", 1)]
)
def test_a_broken_connection_leaves_the_money_where_the_script_says(
    acquirer: Program, fault: str, charges: int
) -> None:
    method_id, shop_id, key = save_card(acquirer), _new_id(), str(uuid.uuid4())
    _arm(acquirer, fault, payment_id=shop_id)

    with pytest.raises(requests.ConnectionError):
        _charge_raw(acquirer, method_id, shop_id, key=key)
    moved = ledger_of(acquirer, shop_id)
    repeated = _charge_raw(acquirer, method_id, shop_id, key=key)

    assert len(moved) == charges
    assert repeated.json()["status"] == "succeeded"
    assert ledger_of(acquirer, shop_id) == [("charge", 45000)]


def test_a_time_out_really_holds_the_connection_open(own_acquirer: Callable[..., Program]) -> None:
    acquirer = own_acquirer(webhook_port=free_port(), ACQUIRER_HOLD_S="30")
    method_id, shop_id = save_card(acquirer), _new_id()
    _arm(acquirer, "timeout_after", payment_id=shop_id)

    with pytest.raises(requests.ReadTimeout):
        _charge_raw(acquirer, method_id, shop_id, key=str(uuid.uuid4()), timeout_s=1)

    eventually(lambda: ledger_of(acquirer, shop_id) == [("charge", 45000)])


@pytest.mark.parametrize(("fault", "charges"), [("error_500_before", 0), ("error_500_after", 1)])
def test_an_error_500_says_nothing_about_the_money(acquirer: Program, fault: str, charges: int) -> None:
    method_id, shop_id = save_card(acquirer), _new_id()
    _arm(acquirer, fault, payment_id=shop_id)

    with pytest.raises(InternalServerError):
        charge_saved(method_id, metadata={"payment_id": shop_id})

    assert len(ledger_of(acquirer, shop_id)) == charges


def test_a_delay_delays_and_changes_nothing_else(acquirer: Program) -> None:
    method_id, shop_id = save_card(acquirer), _new_id()
    _arm(acquirer, "delay_ms:700", payment_id=shop_id)
    started = time.monotonic()

    payment = charge_saved(method_id, metadata={"payment_id": shop_id})

    assert time.monotonic() - started >= 0.7
    assert payment.status == "succeeded"


@pytest.mark.parametrize(
    ("fault", "status"), [("pending_then_succeed", "succeeded"), ("pending_then_cancel", "canceled")]
)
def test_a_pending_payment_is_decided_later_and_notified(
    acquirer: Program, webhooks: WebhookReceiver, fault: str, status: str
) -> None:
    method_id, shop_id = save_card(acquirer), _new_id()
    _arm(acquirer, fault, payment_id=shop_id)

    payment = charge_saved(method_id, metadata={"payment_id": shop_id})

    assert payment.status == "pending"
    eventually(lambda: Payment.find_one(payment.id).status == status)
    eventually(lambda: webhooks.events_of(payment.id) == [f"payment.{status}"])


def test_a_scripted_decline_hits_a_good_card(acquirer: Program) -> None:
    shop_id = _new_id()
    _arm(acquirer, "decline:issuer_unavailable", payment_id=shop_id)

    payment = pay(acquirer, metadata={"payment_id": shop_id})

    assert payment.cancellation_details.reason == "issuer_unavailable"


def test_a_saved_card_can_be_told_to_refuse_from_now_on(acquirer: Program) -> None:
    method_id = save_card(acquirer)

    acquirer.call("POST", f"/control/payment-methods/{method_id}", {"saved_outcome": "permission_revoked"})

    assert charge_saved(method_id).cancellation_details.reason == "permission_revoked"
    assert charge_saved(method_id).cancellation_details.reason == "permission_revoked"


def test_a_script_by_token_is_used_up_by_its_own_calls_only(acquirer: Program) -> None:
    method_id, token = save_card(acquirer), uuid.uuid4().hex
    _arm(acquirer, "error_500_before", times=2, token=token)

    untouched = charge_saved(method_id)
    for _ in range(2):
        with pytest.raises(InternalServerError):
            charge_saved(method_id, metadata={"fault_token": token})
    healed = charge_saved(method_id, metadata={"fault_token": token})

    assert (untouched.status, healed.status) == ("succeeded", "succeeded")


def test_a_read_is_hit_only_by_a_script_that_names_it(acquirer: Program) -> None:
    payment = Payment.create(order(metadata={"payment_id": (shop_id := _new_id())}), str(uuid.uuid4()))
    _arm(acquirer, "error_500_before", payment_id=shop_id)
    unharmed = Payment.find_one(payment.id)
    _arm(acquirer, "error_500_before", payment_id=shop_id, operation="get_payment")

    with pytest.raises(InternalServerError):
        Payment.find_one(payment.id)

    assert unharmed.status == "pending"


def test_webhooks_are_dropped_and_multiplied_on_demand(acquirer: Program, webhooks: WebhookReceiver) -> None:
    method_id, lost, many = save_card(acquirer), _new_id(), _new_id()
    _arm(acquirer, "webhook_drop", payment_id=lost)
    _arm(acquirer, "webhook_repeat:100", payment_id=many)

    unheard = charge_saved(method_id, metadata={"payment_id": lost})
    heard = charge_saved(method_id, metadata={"payment_id": many})

    eventually(lambda: len(webhooks.events_of(heard.id)) == 100, timeout_s=60)
    assert webhooks.events_of(unheard.id) == []
    assert acquirer.call("GET", f"/control/webhooks?subject_id={unheard.id}")[1]["items"][0]["attempts"] == 0


@pytest.mark.parametrize(
    "script",
    [
        {"fault": "no_such_fault"},
        {"fault": "delay_ms:999999"},
        {"fault": "decline:no_such_reason"},
        {"fault": "reset", "times": 0},
        {"fault": "reset", "match": {"operation": "no_such_call"}},
        {"fault": "reset", "match": {"paymentid": "pay_1"}},
    ],
)
def test_a_misspelt_script_is_refused(acquirer: Program, script: dict[str, object]) -> None:
    status, answer = acquirer.call("POST", "/control/faults", script)

    assert (status, answer["code"]) == (400, "invalid_request")
