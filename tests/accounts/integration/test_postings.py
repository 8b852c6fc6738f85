"""The posting saga on real parts: the event comes in by RabbitMQ, the region is called, the fact goes out."""

import json
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from pika.adapters.blocking_connection import BlockingChannel
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.events import EventSchemas, decode, encode, to_rfc3339
from services.chassis.grpc_errors import RemoteError
from services.chassis.ids import new_id
from tests.accounts.integration.cabinet import ANNA, Cabinet, posting_request
from tests.accounts.integration.scripted_region import Refused
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood
from tests.support.servers import Server

_ROOT = Path(__file__).parents[3]


class Ear:
    """A queue of this test's own that hears everything accounts announces."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel
        self._heard: list[Any] = []
        self._queue = channel.queue_declare("", exclusive=True).method.queue
        channel.exchange_declare("accounts.events", exchange_type="topic", durable=True)
        channel.queue_bind(self._queue, "accounts.events", "accounts.#")

    def heard(self, name: str, **data: Any) -> list[Any]:
        """Return the events of that name whose data hold these values, after checking each against its contract."""
        while (message := self._channel.basic_get(self._queue, auto_ack=True))[0] is not None:
            envelope = decode(message[2])
            EventSchemas().check(envelope)
            self._heard.append(envelope)
        return [
            envelope
            for envelope in self._heard
            if envelope.name == name and all(envelope.data.get(key) == value for key, value in data.items())
        ]


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    yield connection.channel()
    connection.close()


@pytest.fixture
def ear(channel: BlockingChannel) -> Ear:
    return Ear(channel)


@pytest.fixture
def broken_in(cabinet: Cabinet, amqp_url: str) -> Cabinet:
    """A cabinet with a broker and a dispatcher at work."""
    cabinet.amqp_url = amqp_url
    cabinet.start_dispatcher()
    return cabinet


def _posting(cabinet: Cabinet, payment_id: str, account_id: str, *, kopecks: int = 45000) -> pb.Posting:
    answer = cabinet.by_service("payments").accounts(
        "RequestPosting", posting_request(payment_id, account_id, kopecks=kopecks)
    )
    posting: pb.Posting = answer.posting
    return posting


def _posted(cabinet: Cabinet, payment_id: str, account_id: str) -> pb.Posting | None:
    posting = _posting(cabinet, payment_id, account_id)
    return posting if posting.state == pb.POSTING_STATE_POSTED else None


def test_credits_once_and_announces_it_and_the_new_balance(broken_in: Cabinet, ear: Ear) -> None:
    account = broken_in.linked()
    payment_id = new_id("pay")

    assert _posting(broken_in, payment_id, account.billing_account_id).state == pb.POSTING_STATE_REQUESTED
    posted = eventually(lambda: _posted(broken_in, payment_id, account.billing_account_id))
    assert posted is not None

    assert posted.posted_at.seconds > 0
    assert broken_in.region.applied == [payment_id]
    (event,) = eventually(lambda: ear.heard("accounts.payment_posted.v1", payment_id=payment_id))
    assert event.data["amount"] == {"amount_minor": 45000, "currency": "RUB"}
    observed = eventually(
        lambda: ear.heard("accounts.balance_observed.v1", billing_account_id=account.billing_account_id)
    )
    assert observed[-1].data["balance"]["amount_minor"] == 550_00


def test_settles_after_a_time_out_that_hid_the_answer_by_asking(broken_in: Cabinet, ear: Ear) -> None:
    account = broken_in.linked()
    payment_id = new_id("pay")
    silent = iter([True])

    def lose_the_first_answer(_method: str) -> None:
        if next(silent, False):
            raise RuntimeError("the region dies with the answer in its mouth")

    broken_in.region.after = lose_the_first_answer
    _posting(broken_in, payment_id, account.billing_account_id)

    eventually(lambda: ear.heard("accounts.payment_posted.v1", payment_id=payment_id))
    assert broken_in.region.applied == [payment_id]
    assert broken_in.region.calls.count("PostPayment") == 1
    assert broken_in.region.calls.count("GetPosting") == 1


def test_waits_for_a_region_that_is_down_and_credits_when_it_is_back(broken_in: Cabinet, ear: Ear) -> None:
    account = broken_in.linked()
    broken_in.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    payment_ids = [new_id("pay") for _ in range(5)]
    for payment_id in payment_ids:
        _posting(broken_in, payment_id, account.billing_account_id)
    eventually(lambda: len(broken_in.region.calls) >= 3)

    broken_in.region.recover()

    eventually(lambda: all(ear.heard("accounts.payment_posted.v1", payment_id=each) for each in payment_ids))
    assert sorted(broken_in.region.applied) == sorted(payment_ids)


def test_what_waited_for_a_region_follows_at_once_when_it_is_back(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    cabinet.overrides |= {"posting_retry_s": "600", "posting_outage_pause_s": 600}
    account = cabinet.linked()
    refusals = iter(range(4))  # three, after which it is left alone, and a trial

    def refuse_the_first(method: str) -> None:
        if method == "PostPayment" and next(refusals, None) is not None:
            raise Refused(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    cabinet.region.before = refuse_the_first
    for _ in range(40):
        _posting(cabinet, new_id("pay"), account.billing_account_id, kopecks=100)

    cabinet.start_dispatcher()

    def all_but_those_that_tried() -> bool:
        waiting = database["postings"].find({"state": "requested"})
        assert [posting["tries"] for posting in waiting] == [1] * 4
        return True

    eventually(all_but_those_that_tried)


def test_gives_a_payment_back_that_the_region_refuses_for_good(broken_in: Cabinet, ear: Ear) -> None:
    account = broken_in.linked()
    broken_in.region.refuse(Kind.FAILED_PRECONDITION, "ACCOUNT_CLOSED", method="PostPayment")
    payment_id = new_id("pay")

    _posting(broken_in, payment_id, account.billing_account_id)

    (event,) = eventually(lambda: ear.heard("accounts.posting_refused.v1", payment_id=payment_id))
    assert event.data["refusal_reason"] == "ACCOUNT_CLOSED"
    found = _posting(broken_in, payment_id, account.billing_account_id)
    assert (found.state, found.refusal_reason) == (pb.POSTING_STATE_REFUSED, "ACCOUNT_CLOSED")
    assert broken_in.region.applied == []


def test_two_dispatchers_credit_forty_payments_once_each(broken_in: Cabinet, ear: Ear) -> None:
    broken_in.start_dispatcher()
    account = broken_in.linked()
    payment_ids = sorted(new_id("pay") for _ in range(40))

    for payment_id in payment_ids:
        _posting(broken_in, payment_id, account.billing_account_id, kopecks=100)

    eventually(lambda: all(ear.heard("accounts.payment_posted.v1", payment_id=each) for each in payment_ids))
    assert sorted(broken_in.region.applied) == payment_ids
    assert broken_in.region.balance == 100_00 + 40 * 100
    assert all(len(ear.heard("accounts.payment_posted.v1", payment_id=payment_id)) == 1 for payment_id in payment_ids)


def test_takes_a_payment_for_an_account_that_was_unlinked_meanwhile(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    cabinet.by(ANNA).accounts("UnlinkBillingAccount", pb.UnlinkBillingAccountRequest(billing_account_id=account_id))

    assert _posting(cabinet, new_id("pay"), account_id).state == pb.POSTING_STATE_REQUESTED


def test_refuses_another_sum_under_the_same_payment_and_an_account_that_never_was(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    payment_id = new_id("pay")
    _posting(cabinet, payment_id, account_id)

    with pytest.raises(RemoteError) as reused:
        _posting(cabinet, payment_id, account_id, kopecks=45001)
    with pytest.raises(RemoteError) as absent:
        _posting(cabinet, new_id("pay"), "acc_" + "0" * 32)

    assert (reused.value.kind, reused.value.reason) == (Kind.ALREADY_EXISTS, "PAYMENT_ID_REUSED")
    assert (absent.value.kind, absent.value.reason) == (Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")


@pytest.fixture
def worker(
    broken_in: Cabinet,
    neighbourhood: Neighbourhood,
    database: Database[dict[str, Any]],
    mongo_url: str,
    amqp_url: str,
    tmp_path: Path,
) -> Iterator[Server]:
    """The worker as a process of its own, with nothing but its settings."""
    environment = neighbourhood.environment(
        "accounts",
        MONGO_URL=mongo_url,
        MONGO_DATABASE=database.name,
        AMQP_URL=amqp_url,
        REGION_ENDPOINTS=broken_in.region_endpoints,
        SECRET_KEY_FILE=str(broken_in.secret_file),
        PYTHONPATH=os.pathsep.join([str(_ROOT), str(_ROOT / "protos" / "gen" / "python")]),
        PYTHONUNBUFFERED="1",
    )
    log = tmp_path / "worker.log"
    process = Server([sys.executable, "-m", "services.accounts", "worker"], log=log, environment=environment)
    process.start()
    eventually(lambda: "worker_ready" in log.read_text() or not process.is_running(), timeout_s=60)
    assert process.is_running(), log.read_text()
    yield process
    process.stop()


def _captured(payment_id: str, account_id: str, *, kopecks: int = 45000) -> bytes:
    now = SystemClock().now()
    return encode(
        {
            "_id": f"evt_{uuid.uuid4().hex}",
            "name": "payments.payment_captured.v1",
            "aggregate_id": payment_id,
            "occurred_at": now,
            "data": {
                "payment_id": payment_id,
                "billing_account_id": account_id,
                "amount": {"amount_minor": kopecks, "currency": "RUB"},
                "captured_at": to_rfc3339(now),
            },
        }
    )


@pytest.mark.usefixtures("worker")
def test_a_captured_payment_is_credited_once_however_often_the_event_comes(
    broken_in: Cabinet, ear: Ear, channel: BlockingChannel
) -> None:
    account = broken_in.linked()
    payment_id = new_id("pay")
    body = _captured(payment_id, account.billing_account_id)
    channel.confirm_delivery()

    for _ in range(3):
        channel.basic_publish("payments.events", "payments.payment_captured.v1", body, mandatory=True)

    eventually(lambda: ear.heard("accounts.payment_posted.v1", payment_id=payment_id))
    contradiction = json.loads(_captured(payment_id, account.billing_account_id, kopecks=1))
    channel.basic_publish(
        "payments.events", "payments.payment_captured.v1", json.dumps(contradiction).encode(), mandatory=True
    )
    dead = eventually(lambda: (found := channel.basic_get("accounts.inbox.dlq", auto_ack=True))[0] and found)
    assert dead[1].headers["x-error"] == "PermanentError"
    assert broken_in.region.applied == [payment_id]
    assert broken_in.region.balance == 550_00
