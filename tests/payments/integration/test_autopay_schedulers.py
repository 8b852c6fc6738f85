"""Many schedulers on many due rules, and one that wakes up too late: exactly one charge each, on a real MongoDB."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.work import DueWork
from services.payments.adapters.mongo_autopay_occasions import occasions_collection, to_occasion
from services.payments.adapters.mongo_autopay_rules import rules_collection
from services.payments.adapters.mongo_payments import payments_collection, to_payment
from services.payments.application.open_occasions import OpenDueOccasions
from services.payments.bootstrap import drive_occasions, drive_payments
from services.payments.bootstrap_parts import Parts
from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    ChargeOrder,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    Status,
)
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.payment import Payment
from tests.payments.builders import make_method, make_rule
from tests.payments.integration.conftest import PaymentsWorld
from tests.support import eventually

SCHEDULERS, RULES = 8, 1_000


@dataclass
class LedgerAcquirer:
    """Charges saved cards at once and writes each charge down; a key has one effect. Asked by many threads."""

    by_key: dict[str, AcquirerPayment] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def charge(self, order: ChargeOrder, /, *, timeout_s: float) -> PaymentAnswer:
        with self._lock:
            self.calls[order.payment_id] += 1
            made = AcquirerPayment(
                acquirer_payment_id=f"acquirer-{order.payment_id}",
                payment_id=order.payment_id,
                status=Status.SUCCEEDED,
                amount=order.amount,
            )
            return self.by_key.setdefault(order.idempotence_key, made)

    def get(self, acquirer_payment_id: str, /, *, timeout_s: float) -> PaymentAnswer:
        return next((one for one in self.by_key.values() if one.acquirer_payment_id == acquirer_payment_id), Absent())

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        return self.by_key.get(f"{payment_id}:charge", Absent())

    def refund(
        self, *, idempotence_key: str, acquirer_payment_id: str, amount: Money, timeout_s: float
    ) -> RefundAnswer:
        return Refused("not_here")

    def find_refund(self, acquirer_payment_id: str, /, *, timeout_s: float) -> RefundAnswer:
        return Absent()


@pytest.fixture
def ledger(world: PaymentsWorld) -> LedgerAcquirer:
    """The acquirer of all replicas that `replica` makes."""
    return LedgerAcquirer()


@pytest.fixture
def replicas(world: PaymentsWorld, ledger: LedgerAcquirer) -> Iterator[list[Parts]]:
    """As many replicas of the service as there are schedulers, not started."""
    made = []
    for number in range(SCHEDULERS):
        parts = Parts(world.parts.settings, owner=f"replica-{number}")
        parts.__dict__["acquirer"] = ledger
        made.append(parts)
    yield made
    for parts in made:
        parts.close()


def noon_zone(now: datetime) -> str:
    """Return a zone where it is about noon: dates are charged by day."""
    return f"Etc/GMT{now.hour - 12:+d}"


def due_rules(world: PaymentsWorld, count: int) -> None:
    """Save date rules whose date is now, each of an account of its own, on cards that can be charged."""
    now, storage = world.parts.clock.now(), world.parts.storage
    method = make_method(subscriber_id=world.me)
    storage.methods.save(method)
    for number in range(count):
        rule = make_rule(
            subscriber_id=world.me,
            billing_account_id=f"acc_{number:032}",
            payment_method_id=method.payment_method_id,
            time_zone=noon_zone(now),
            created_at=now,
            region="77",
        )
        rule.next_charge_at, rule.next_period, rule.announce_at = now, f"{now:%Y-%m}", None
        storage.rules.save(rule)


def open_all(parts: Parts, barrier: threading.Barrier) -> None:
    storage = parts.storage
    open_due = OpenDueOccasions(rules=storage.rules, occasions=storage.occasions, clock=parts.clock)
    barrier.wait()
    while open_due() or rules_due(parts):
        pass


def rules_due(parts: Parts) -> int:
    due = {"next_charge_at": {"$type": "date", "$lte": parts.clock.now()}}
    return rules_collection(parts.database).count_documents(due)


def schedule(parts: Parts, barrier: threading.Barrier, done: threading.Event) -> None:
    """Be one scheduler with its dispatcher: open, decide and charge whatever is due, as long as there is any."""
    open_all(parts, barrier)
    decide = drive_occasions(parts, parts.due(occasions_collection(parts.database)))
    charge = drive_payments(parts, parts.due(payments_collection(parts.database)))
    while not done.is_set():
        if not any([decide(), charge()]):
            done.wait(0.05)


@pytest.mark.timeout(600)  # under a minute where nothing else runs
def test_8_schedulers_on_1000_due_rules_make_exactly_1000_charges(
    world: PaymentsWorld, ledger: LedgerAcquirer, replicas: list[Parts]
) -> None:
    due_rules(world, RULES)
    barrier, done = threading.Barrier(SCHEDULERS), threading.Event()
    schedulers = [threading.Thread(target=schedule, args=(parts, barrier, done)) for parts in replicas]
    occasions = occasions_collection(world.parts.database)

    for scheduler in schedulers:
        scheduler.start()
    try:
        eventually(lambda: occasions.count_documents({"state": "charged"}) == RULES, timeout_s=500, every_s=1)
    finally:
        done.set()
        for scheduler in schedulers:
            scheduler.join()

    payments = payments_collection(world.parts.database)
    assert (len(ledger.by_key), set(ledger.calls.values())) == (RULES, {1})
    assert payments.count_documents({"autopay_rule_id": {"$ne": ""}}) == RULES
    assert occasions.count_documents({}) == RULES


def test_every_stored_decision_of_a_run_replays(world: PaymentsWorld, replicas: list[Parts]) -> None:
    due_rules(world, 20)
    parts = replicas[0]
    open_all(parts, threading.Barrier(1))
    step = drive_occasions(parts, parts.due(occasions_collection(parts.database)))

    while step():
        pass

    decided = [to_occasion(row) for row in occasions_collection(parts.database).find()]
    assert len(decided) == 20
    assert all(one.record is not None and one.record.replays() for one in decided)


class _Held:
    """A due row that was claimed long ago by somebody who slept past the lease."""

    def __init__(self, row: Any) -> None:
        self._rows = [row]

    def claim(self) -> Any:
        return self._rows.pop() if self._rows else None


@dataclass(frozen=True)
class _Earlier:
    """The time at which a decision was made that is too old to be charged at once."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock.now() - timedelta(seconds=6)


def claimed_and_slept(parts: Parts, collection: Any) -> dict[str, Any]:
    document = DueWork(collection, owner="zombie", clock=parts.clock, lease_s=0.05).claim()
    assert document is not None
    return document


def test_a_scheduler_that_sleeps_past_its_lease_and_wakes_makes_no_second_charge(
    world: PaymentsWorld, ledger: LedgerAcquirer, replicas: list[Parts]
) -> None:
    due_rules(world, 1)
    zombie, alive = replicas[:2]
    open_all(alive, threading.Barrier(1))
    occasions, payments = occasions_collection(alive.database), payments_collection(alive.database)
    slept_on: AutopayOccasion = to_occasion(claimed_and_slept(zombie, occasions))
    drive, pay = drive_occasions(alive, alive.due(occasions)), drive_payments(alive, alive.due(payments))
    eventually(lambda: any([drive(), pay()]) and len(ledger.by_key) == 1)

    assert replace(drive_occasions(zombie, zombie.due(occasions)), due=_Held(slept_on))()

    assert payments.count_documents({}) == 1
    assert list(ledger.calls.values()) == [1]


def test_a_replica_that_sleeps_past_its_lease_on_a_payment_sends_no_second_charge(
    world: PaymentsWorld, ledger: LedgerAcquirer, replicas: list[Parts]
) -> None:
    due_rules(world, 1)
    zombie, alive = replicas[:2]
    open_all(alive, threading.Barrier(1))
    payments = payments_collection(alive.database)
    drive = drive_occasions(alive, alive.due(occasions_collection(alive.database)))
    assert replace(drive, clock=_Earlier(alive.clock))()
    slept_on: Payment = to_payment(claimed_and_slept(zombie, payments))
    assert slept_on.is_unsent

    pay = drive_payments(alive, alive.due(payments))
    eventually(lambda: pay() and len(ledger.by_key) == 1)
    assert replace(drive_payments(zombie, zombie.due(payments)), due=_Held(slept_on))()

    assert list(ledger.calls.values()) == [1]


def test_a_rule_changed_between_due_and_charge_by_another_replica_is_not_charged(
    world: PaymentsWorld, ledger: LedgerAcquirer, replicas: list[Parts]
) -> None:
    due_rules(world, 1)
    one, other = replicas[:2]
    open_all(one, threading.Barrier(1))
    [row] = rules_collection(one.database).find()
    rule = other.storage.rules.get(row["_id"])
    assert isinstance(rule, AutopayRule)
    rule.change(rule.terms, now=other.clock.now() + timedelta(seconds=1))
    other.storage.rules.save(rule)

    step = drive_occasions(one, one.due(occasions_collection(one.database)))
    while step():
        pass

    [decided] = [to_occasion(row) for row in occasions_collection(one.database).find()]
    assert decided.record is not None
    assert [reason.value for reason in decided.record.decision.reasons] == ["RULE_CHANGED"]
    assert ledger.by_key == {}
