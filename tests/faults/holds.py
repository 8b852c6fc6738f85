"""What holds a batch of payments up at each kill point, from the moment they are sent until the process has ended."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.batch import MANUAL, Batch
from tests.faults.stage import Stage
from tests.faults.tcp_proxy import Fault
from tests.support import eventually

ACCOUNTS = "accounts-dispatcher"  # the name that accounts gives itself in MongoDB where it works on postings
CAPTURED = frozenset({"captured", "posted"})  # whoever hears nothing asks, so that it may be posted meanwhile
_CHARGE_MS = 2800  # within CHARGE_TIMEOUT_S, so that nobody gives up before the kill
_REGION_MS = 3200  # within REGION_TIMEOUT_S, so that nobody gives up before the kill
_NOT_ASKED_FOR_S = 3


@contextmanager
def _held(batch: Batch, *holds: AbstractContextManager[Any]) -> Iterator[None]:
    """Send a batch while something is held; who sent it is waited for when nothing is held any more."""
    with ExitStack() as sending, ExitStack() as holding:
        for hold in holds:
            holding.enter_context(hold)
        sending.enter_context(batch.under_way())
        yield


@contextmanager
def intent_not_saved(stage: Stage, batch: Batch) -> Iterator[None]:
    saving = stage.failpoints.not_executed("update", namespace=stage.payments_name, of="payments")
    with _held(batch, saving):
        yield


@contextmanager
def outcome_saved_but_nobody_told(stage: Stage, batch: Batch) -> Iterator[None]:
    """Their intents are saved first, and then, for the acquirer is slow, their outcomes."""
    stage.payer.arm(fault="delay_ms:1000", operation="create_payment", times=len(batch))
    outcomes = stage.failpoints.not_answered("update", namespace=stage.payments_name, after=len(batch))
    with _held(batch, outcomes):
        yield


@contextmanager
def charging_saved_but_not_sent(stage: Stage, batch: Batch) -> Iterator[None]:
    with _held(batch, stage.failpoints.not_answered("update", namespace=stage.payments_name)):
        yield


@contextmanager
def sent_and_not_answered(stage: Stage, batch: Batch) -> Iterator[None]:
    """All are held where their charge is saved, so that they are sent together; then nobody hears an answer."""
    stage.payer.arm(fault=f"delay_ms:{_CHARGE_MS}", operation="create_payment", times=len(batch))
    with ExitStack() as sending:
        with stage.failpoints.not_answered("update", namespace=stage.payments_name):
            sending.enter_context(batch.under_way())
            batch.wait_until(begun=True)
        stage.wait_until_hit(operation="create_payment")
        with stage.frozen("payments"):
            yield


@contextmanager
def answered_but_not_saved(stage: Stage, batch: Batch) -> Iterator[None]:
    with _held(batch, stage.failpoints.not_answered("update", namespace=stage.receipts_name)):
        yield


@contextmanager
def asked_but_not_saved(stage: Stage, batch: Batch) -> Iterator[None]:
    stage.payer.arm(fault="reset_after", operation="create_payment", times=len(batch))
    with answered_but_not_saved(stage, batch):
        yield


@contextmanager
def saved_but_not_published(stage: Stage, batch: Batch) -> Iterator[None]:
    with _held(batch, _no_relay(stage, "payments", of="payments")):
        yield


@contextmanager
def published_but_not_confirmed(stage: Stage, batch: Batch) -> Iterator[None]:
    """The relay publishes all of them at once, over a connection that it has already."""
    _publish_something(stage)
    (broker,) = stage.links.proxies("services to broker")
    with ExitStack() as sending, ExitStack() as spoiling:
        with _no_relay(stage, "payments", of="payments"):
            sending.enter_context(batch.under_way())
            batch.wait_until(state=CAPTURED)
            spoiling.enter_context(broker.spoiled(Fault(swallows_answers=True)))
        yield


@contextmanager
def confirmed_but_not_pulled(stage: Stage, batch: Batch) -> Iterator[None]:
    with ExitStack() as sending, ExitStack() as holding:
        with stage.frozen("rabbitmq"):
            sending.enter_context(batch.under_way())
            batch.wait_until(state=CAPTURED)
            pulling = stage.failpoints.not_executed("update", namespace=stage.payments_name, of="payments")
            holding.enter_context(pulling)
        yield


@contextmanager
def captures_delivered(stage: Stage, batch: Batch) -> Iterator[None]:
    _warm_up(stage, "accounts.inbox")
    with _held(batch, *_captures_kept(stage)):
        yield


@contextmanager
def postings_delivered(stage: Stage, batch: Batch) -> Iterator[None]:
    _warm_up(stage, "payments.inbox")
    with _held(batch, _nobody_asks_for_postings(stage), stage.frozen("payments-worker")):
        yield


@contextmanager
def posting_saved_but_not_sent(stage: Stage, batch: Batch) -> Iterator[None]:
    """Held where its account is looked up: one thread claims at a time, so a claim must get through."""
    accounts = f"{stage.suite.database('accounts')}.billing_accounts"
    with _held(batch, stage.failpoints.not_executed("find", namespace=accounts, of=ACCOUNTS)):
        yield


@contextmanager
def credited_and_not_answered(stage: Stage, batch: Batch) -> Iterator[None]:
    """The worker takes all of them up at once, so that they are sent together; then nobody hears an answer."""
    _warm_up(stage, "accounts.inbox")
    for office in stage.offices.values():
        office.arm(fault=f"hang_after_ms:{_REGION_MS}", method="PostPayment", times=2 * len(batch))
    with ExitStack() as sending:
        with ExitStack() as holding:
            for hold in _captures_kept(stage):
                holding.enter_context(hold)
            sending.enter_context(batch.under_way())
            batch.wait_until(state="captured", posting="absent")
            eventually(lambda: stage.queues.unanswered("accounts.inbox") >= len(batch), timeout_s=20)
        batch.wait_until(posting="requested", credits=1)
        with stage.frozen("accounts"):
            yield


@contextmanager
def crediting_answered_but_not_saved(stage: Stage, batch: Batch) -> Iterator[None]:
    saving = stage.failpoints.not_executed("update", namespace=stage.postings_name, of=ACCOUNTS)
    with _held(batch, saving):
        yield


@contextmanager
def handled_but_not_acknowledged(stage: Stage, batch: Batch) -> Iterator[None]:
    _warm_up(stage, "accounts.inbox")
    answering = stage.failpoints.not_answered("update", namespace=stage.postings_name)
    with _held(batch, _nobody_asks_for_postings(stage), answering):
        yield


@contextmanager
def posted_and_nobody_told(stage: Stage, batch: Batch) -> Iterator[None]:
    with _held(batch, _no_relay(stage, "accounts", of=ACCOUNTS)):
        yield


@contextmanager
def notification_stored(stage: Stage, batch: Batch) -> Iterator[None]:
    """Whoever asks by itself is not due for seconds, and is held: what makes a payment due is its notification."""
    with batch.under_way():
        eventually(lambda: all(_is_asked_about_later(stage, wish) for wish in batch.wishes(MANUAL)), timeout_s=20)
    with stage.failpoints.not_executed("findAndModify", namespace=stage.payments_name, of="payments"):
        written = {payment["_id"]: payment["version"] for payment in _payments(stage, batch)}
        for payment_id in written:
            stage.confirm(payment_id)
        eventually(lambda: {payment["_id"]: payment["version"] - 1 for payment in _payments(stage, batch)} == written)
        yield


@contextmanager
def _no_relay(stage: Stage, service: str, *, of: str) -> Iterator[None]:
    """Have a service's relay stand still: it cannot renew the lease by which it leads."""
    leases = f"{stage.suite.database(service)}.leases"
    with stage.failpoints.not_executed("update", "findAndModify", namespace=leases, of=of) as point:
        point.wait_for(1)
        yield


def _captures_kept(stage: Stage) -> Sequence[AbstractContextManager[Any]]:
    """Have nobody take captures up: the worker has them and stands still. It goes on last, at once: to let others go
    takes MongoDB as long as it holds one of them."""
    return (stage.frozen("accounts-worker"), _nobody_asks_for_postings(stage))


def _nobody_asks_for_postings(stage: Stage) -> AbstractContextManager[Any]:
    """Hold whoever hears nothing and asks: so that a posting comes of its message alone."""
    return stage.failpoints.not_executed("find", namespace=stage.postings_name, of="accounts-grpc")


def _publish_something(stage: Stage) -> None:
    payment_id = stage.insist(stage.order(saved_card=True))
    eventually(lambda: stage.queues.has_heard(payment_id), timeout_s=20)
    stage.settle([payment_id])


def _warm_up(stage: Stage, inbox: str) -> None:
    """Have a worker answer a message: a fresh one takes a single one first."""
    _publish_something(stage)
    stage.queues.wait_until_taken_by_the_dozen(inbox)
    eventually(lambda: not stage.queues.not_empty(), timeout_s=20)


def _payments(stage: Stage, batch: Batch) -> list[dict[str, Any]]:
    found = map(stage.books.payments.find_one, batch.wishes(MANUAL))
    return [payment for payment in found if payment is not None]


def _is_asked_about_later(stage: Stage, wish: Mapping[str, str]) -> bool:
    payment = stage.books.payments.find_one(dict(wish))
    if payment is None or not payment["confirmation_url"]:
        return False
    later = datetime.now(UTC) + timedelta(seconds=_NOT_ASKED_FOR_S)
    return bool(payment["work"]["leased_by"] is None and payment["work"]["due_at"] > later)
