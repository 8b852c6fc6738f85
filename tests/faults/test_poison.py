"""Messages that nobody can handle end among the dead letters, and their neighbours do not notice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.queues import SERVICES
from tests.faults.stage import Stage
from tests.support import eventually

_CONTRACTS = Path(__file__).parents[2] / "protos" / "events"
_HEARD_BY = {
    "accounts": "payments.payment_captured.v1",
    "payments": "accounts.payment_posted.v1",
    "documents": "accounts.regional_bill_received.v1",
    "content": "accounts.billing_account_unlinked.v1",
}


def _poisons(name: str) -> list[bytes]:
    """Return messages that are wrong in one way each, made from a good example of an event that the service hears."""
    good = _example(name)
    amount = '{"amount_minor": %s, "currency": "RUB"}'
    return [
        _event(name, good).replace(b'"data": {', b'"data": {"more": ' + (amount % 2**63).encode() + b", "),
        _event(name, good).replace(b'"data": {', b'"data": {"more": ' + (amount % 1.5).encode() + b", "),
        _event(name, good).replace(b'"data": {', b'"data": {"more": ' + b"[" * 50_000 + b"]" * 50_000 + b", "),
        _event(name, {field: ["of a wrong type"] for field in good}),
        _event(name, {}),
        _event(name.replace(".v1", ".v9"), good),
        _event("moon.moon_landed.v1", good),
        b"{not json",
        b"\xff\xfe\x00",
        b'"a text"',
        b"{}",
        b"",
        b'{"x": "' + b"a" * 10_000_000 + b'"}',
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_poison_is_put_aside_and_the_worker_goes_on(stage: Stage, service: str) -> None:
    worker, inbox = f"{service}-worker", f"{service}.inbox"
    poisons = _poisons(_HEARD_BY[service])
    pid = stage.suite.pid(worker)

    for body in poisons:
        stage.queues.publish(inbox, body)
    payment_id = stage.insist(stage.order(saved_card=True))

    stage.settle([payment_id])
    eventually(lambda: stage.queues.depth(f"{inbox}.dlq") == len(poisons), timeout_s=20)
    assert sorted(stage.queues.take(f"{inbox}.dlq")) == sorted(poisons)
    eventually(lambda: stage.queues.is_idle(inbox))
    assert stage.suite.pid(worker) == pid


def _example(name: str) -> dict[str, Any]:
    publisher, event, version = name.split(".")
    contract = json.loads((_CONTRACTS / publisher / f"{event}.{version}.json").read_text())
    example: dict[str, Any] = contract["examples"][0]
    return example


def _event(name: str, data: Any) -> bytes:
    envelope = {
        "message_id": "evt_" + "0" * 32,
        "name": name,
        "aggregate_id": "pay_" + "0" * 32,
        "occurred_at": "2014-10-26T00:00:00.000Z",
        "data": data,
    }
    return json.dumps(envelope).encode()
