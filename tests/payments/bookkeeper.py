"""A dispatcher that compares our payments with the acquirer's registry, with everything it needs, in memory."""

from datetime import date, timedelta
from typing import Any

from services.chassis.money import Money
from services.payments.application.compare_books import CompareBooks, ComparisonTerms
from services.payments.application.reconcile_days import PlanDays, ReconcileDueDay, ReconcileNow
from services.payments.domain.backoff import registry_backoff
from services.payments.domain.payment import Payment, Reached, State
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.refund import Refund, RefundState
from services.payments.domain.registry import Charge
from tests.payments.builders import ManualClock, make_payment
from tests.payments.fakes import FakeDue, FakePayments
from tests.payments.reconciliation_fakes import (
    FakeIncidents,
    FakeOwnBooks,
    FakeReconciliations,
    ScriptedRegistry,
    make_charge,
)

TODAY = date(2026, 11, 22)


class Bookkeeper:
    """The days of the registry from 22 November on."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.payments = FakePayments()
        self.registry = ScriptedRegistry()
        self.days = FakeReconciliations()
        self.incidents = FakeIncidents()
        self.plan_days = PlanDays(days=self.days, grace=timedelta(hours=4), clock=self.clock)

    @property
    def compare(self) -> CompareBooks:
        return CompareBooks(
            registry=self.registry,
            books=FakeOwnBooks(self.payments),
            payments=self.payments,
            incidents=self.incidents,
            terms=ComparisonTerms(held_for=timedelta(minutes=15), again_after=timedelta(hours=6)),
            clock=self.clock,
        )

    def step(self) -> bool:
        return ReconcileDueDay(
            due=FakeDue(self.days.rows, self.clock),
            days=self.days,
            plan_days=self.plan_days,
            compare=self.compare,
            backoff=registry_backoff(),
            clock=self.clock,
        )()

    def run(self, *, minutes: int = 0) -> None:
        """Go on until nothing is due, now and over some time."""
        for _ in range(minutes + 1):
            while self.step():
                pass
            self.clock.advance(minutes=1)

    def now(self, day: date = TODAY) -> Reconciliation:
        reconcile = ReconcileNow(days=self.days, plan_days=self.plan_days, compare=self.compare, clock=self.clock)
        return reconcile(day)

    def paid(self, *, kopecks: int = 45_000, at_acquirer: bool = True, **fields: Any) -> tuple[Payment, Charge]:
        """Have a payment captured and posted now: here, and at the acquirer unless it knows nothing of it."""
        now = self.clock.now()
        defaults: dict[str, Any] = {"state": State.POSTED, "captured_at": now, "posted_at": now, "created_at": now}
        payment = make_payment(kopecks=kopecks, **defaults | fields)
        payment.acquirer_payment_id = fields.get("acquirer_payment_id", f"acquirer-{payment.payment_id}")
        self.payments.rows.save(payment)  # whose request it is does not matter here
        charge = make_charge(payment.payment_id, kopecks=kopecks, captured_at=now)
        if at_acquirer:
            self.registry.books.append(charge)
        return payment, charge

    def give_back(self, payment: Payment, *, acquirer_refund_id: str, kopecks: int = 45_000) -> None:
        """Have a refund go through here."""
        now = self.clock.now()
        refund = Refund(
            refund_id=f"{payment.payment_id}:refund:1",
            amount=Money(kopecks),
            reference="T-1",
            reason="moved out",
            requested_at=now,
            state=RefundState.SUCCEEDED,
            acquirer_refund_id=acquirer_refund_id,
            ended_at=now,
        )
        payment.refunds.append(refund)
        payment.history.append(Reached(State.REVERSAL_DUE, now))
        self.payments.save(payment)

    def day_is_over(self) -> None:
        """Let today be over, with its grace."""
        self.clock.advance(hours=16)  # 04:30 in Moscow

    def day(self, day: date = TODAY) -> Reconciliation:
        found = self.days.get(day)
        assert found is not None
        return found

    def open_kinds(self) -> list[str]:
        return [row.difference.kind.value for row in self.incidents.all_open()]

    def announced(self) -> list[str]:
        return [event.incident_id for event in self.incidents.published]
