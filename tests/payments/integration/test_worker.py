"""The worker as a process of its own on RabbitMQ: events of accounts and the timer in."""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.chassis.events import encode, to_rfc3339
from services.chassis.ids import new_id
from services.chassis.money import Money
from services.chassis.publisher import OutgoingMessage, Publisher, exchange_of
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.payment import State
from tests.payments.builders import make_payment, make_rule, rub
from tests.payments.integration.conftest import PaymentsWorld
from tests.support import eventually
from tests.support.servers import Server


@pytest.fixture
def publisher(amqp_url: str) -> Iterator[Publisher]:
    publisher = Publisher(amqp_url, exchange=exchange_of("accounts"))
    yield publisher
    publisher.close()


@pytest.fixture
def worker(world: PaymentsWorld, tmp_path: Path) -> Iterator[Server]:
    log = tmp_path / "worker.log"
    server = Server(
        [sys.executable, "-m", "services.payments", "worker"],
        log=log,
        environment={
            **world.environment,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONWARNINGS": "ignore",
            "PYTHONUNBUFFERED": "1",
        },
    )
    server.start()
    eventually(lambda: not server.is_running() or "worker_ready" in log.read_text(), timeout_s=30)
    assert server.is_running(), log.read_text()
    yield server
    server.stop()


def send(world: PaymentsWorld, publisher: Publisher, event: str, data: dict[str, Any]) -> None:
    name = f"accounts.{event}.v1"
    message_id = new_id("evt")
    entry = {
        "_id": message_id,
        "name": name,
        "aggregate_id": "any",
        "occurred_at": world.parts.clock.now(),
        "data": data,
    }
    publisher.publish([OutgoingMessage(message_id=message_id, name=name, body=encode(entry))])


@pytest.mark.usefixtures("worker")
def test_records_what_accounts_tells_and_opens_what_is_due(world: PaymentsWorld, publisher: Publisher) -> None:
    storage, now = world.parts.storage, world.parts.clock.now()
    posted, refused = (make_payment(state=State.CAPTURED, created_at=now) for _ in range(2))
    crossing = make_rule(trigger=Threshold(rub(100)), created_at=now)
    ending = make_rule(trigger=Threshold(rub(100)), created_at=now)
    dated = make_rule(created_at=now - timedelta(days=40))
    for payment in (posted, refused):
        storage.payments.save(payment)
    for rule in (crossing, ending, dated):
        storage.rules.save(rule)
    period_id = dated.period_id

    amount, at = posted.amount.as_mapping(), to_rfc3339(now)
    for _ in range(3):
        send(world, publisher, "payment_posted", {"payment_id": posted.payment_id, "amount": amount, "posted_at": at})
    send(
        world,
        publisher,
        "posting_refused",
        {
            "payment_id": refused.payment_id,
            "amount": amount,
            "refusal_reason": "ACCOUNT_CLOSED",
            "refused_at": at,
        },
    )
    observed = {"billing_account_id": crossing.billing_account_id, "balance": Money(10_000).as_mapping(), "as_of": at}
    for _ in range(3):
        send(world, publisher, "balance_observed", observed)
    send(
        world,
        publisher,
        "billing_account_unlinked",
        {
            "billing_account_id": ending.billing_account_id,
            "subscriber_id": ending.subscriber_id,
            "unlinked_at": at,
        },
    )

    def recorded() -> bool:
        first, second = storage.payments.get(posted.payment_id), storage.payments.get(refused.payment_id)
        assert first is not None and (first.state, first.posted_at) == (State.POSTED, now)
        assert second is not None and (second.state, second.due_at is not None) == (State.REFUNDING, True)
        stopped = storage.rules.get(ending.autopay_rule_id)
        assert stopped is not None and stopped.stop_reason is StopReason.ACCOUNT_UNLINKED
        assert storage.occasions.get(f"{crossing.autopay_rule_id}:episode-1") is not None
        assert storage.occasions.get(period_id) is not None
        return True

    assert eventually(recorded, timeout_s=20)
    assert world.parts.database["autopay_occasions"].count_documents({}) == 2


@pytest.mark.usefixtures("worker")
def test_ends_at_once_what_hangs_on_an_unlinked_account(world: PaymentsWorld, publisher: Publisher) -> None:
    storage, now = world.parts.storage, world.parts.clock.now()
    rule = make_rule(created_at=now - timedelta(days=40))
    open_occasion = rule.open_period(now=now)
    assert open_occasion is not None
    open_occasion.wait_until(now + timedelta(hours=9))
    account: dict[str, Any] = {"billing_account_id": rule.billing_account_id, "created_at": now}
    unsent = make_payment(**account, autopay_rule_id=rule.autopay_rule_id, charge_begun_at=None)
    by_hand = make_payment(**account, state=State.AWAITING_CONFIRMATION)
    storage.occasions.save(open_occasion)  # before the rule: whoever finds the rule due does not open another
    storage.rules.save(rule)
    for payment in (unsent, by_hand):
        storage.payments.save(payment)

    for _ in range(3):
        send(
            world,
            publisher,
            "billing_account_unlinked",
            {
                "billing_account_id": rule.billing_account_id,
                "subscriber_id": rule.subscriber_id,
                "unlinked_at": to_rfc3339(now),
            },
        )

    def ended() -> bool:
        stopped, declined = storage.rules.get(rule.autopay_rule_id), storage.payments.get(unsent.payment_id)
        occasion, untouched = storage.occasions.get(open_occasion.decision_id), storage.payments.get(by_hand.payment_id)
        assert stopped is not None and stopped.stop_reason is StopReason.ACCOUNT_UNLINKED
        assert declined is not None and declined.decline_reason == "billing_account_unlinked"
        assert occasion is not None and occasion.due_at is not None and occasion.due_at < now + timedelta(hours=1)
        assert untouched is not None and untouched.state is State.AWAITING_CONFIRMATION
        return True

    assert eventually(ended, timeout_s=20)
