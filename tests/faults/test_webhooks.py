"""The acquirer's notifications are hints: lost, repeated or forged, they decide nothing."""

import httpx
import pytest

from tests.faults.stage import Stage
from tests.support import eventually


def test_a_lost_notification_costs_time_only(stage: Stage) -> None:
    payment_id = stage.insist(stage.order(saved_card=False))
    stage.payer.arm(fault="webhook_drop", payment_id=payment_id)

    stage.confirm(payment_id)

    stage.settle([payment_id])
    assert stage.state(payment_id) == "posted"


def test_a_notification_twenty_times_over_is_one_charge_and_one_posting(stage: Stage) -> None:
    payment_id = stage.insist(stage.order(saved_card=False))
    stage.payer.arm(fault="webhook_repeat:20", payment_id=payment_id)
    stage.confirm(payment_id)
    stage.settle_for_good([payment_id])
    version = stage.version(payment_id)

    subject = stage.acquirer_id(payment_id)
    stage.acquirer.post("/control/webhooks/send-again", json={"subject_id": subject, "times": 20}).raise_for_status()
    eventually(lambda: _all_delivered(stage, subject), timeout_s=20)

    stage.settle([payment_id])
    assert stage.version(payment_id) == version, "a notification about a final payment wrote something"


def test_a_forged_notification_neither_captures_nor_declines_nor_tells(stage: Stage) -> None:
    waiting_id = stage.insist(stage.order(saved_card=False))
    posted_id = stage.insist(stage.order(saved_card=True))
    stage.settle_for_good([posted_id])
    version = stage.version(posted_id)

    answers = [
        _forge(stage, acquirer_id, event)
        for acquirer_id in (stage.acquirer_id(waiting_id), stage.acquirer_id(posted_id), "22e12f66-000f-5000-8000")
        for event in ("payment.succeeded", "payment.canceled", "refund.succeeded")
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"")}
    with pytest.raises(AssertionError):
        eventually(lambda: stage.state(waiting_id) != "awaiting_confirmation", timeout_s=2)
    assert (stage.charges(waiting_id), stage.version(posted_id)) == (0, version)
    stage.confirm(waiting_id)
    stage.settle([waiting_id, posted_id])


def _forge(stage: Stage, acquirer_id: str, event: str) -> httpx.Response:
    told = {
        "id": acquirer_id,
        "status": event.rpartition(".")[2],
        "paid": True,
        "amount": {"value": "1.00", "currency": "RUB"},
    }
    return httpx.post(
        f"{stage.suite.url}/api/v1/webhooks/yookassa",
        json={"type": "notification", "event": event, "object": told},
        timeout=10,
    )


def _all_delivered(stage: Stage, subject: str) -> bool:
    items = stage.acquirer.get("/control/webhooks", params={"subject_id": subject}).json()["items"]
    return bool(items) and all(item["outcome"] == "200" for item in items)
