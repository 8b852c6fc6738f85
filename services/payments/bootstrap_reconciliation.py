"""Composition of the comparison with the acquirer's registry: the dispatcher's loop, and what an operator's commands
read the books with."""

from dataclasses import dataclass
from datetime import timedelta

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock
from services.chassis.loops import DispatcherLoop
from services.chassis.work import DueWork
from services.payments.adapters.mongo_own_books import MongoOwnBooks
from services.payments.adapters.mongo_reconciliations import (
    MongoIncidentRepository,
    MongoReconciliationRepository,
    reconciliations_collection,
    to_reconciliation,
)
from services.payments.adapters.mongo_saving import MongoDue
from services.payments.adapters.yookassa_registry import YookassaRegistry
from services.payments.application.compare_books import CompareBooks, ComparisonTerms
from services.payments.application.reconcile_days import PlanDays, ReconcileDueDay, ReconcileNow
from services.payments.bootstrap_parts import Parts
from services.payments.domain.backoff import registry_backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """What an operator's commands about books work with."""

    reconcile_now: ReconcileNow
    days: MongoReconciliationRepository
    incidents: MongoIncidentRepository
    books: MongoOwnBooks
    registry: YookassaRegistry
    clock: Clock


def build_bookkeeping(parts: Parts, /) -> Bookkeeping:
    """Return it; nothing connects before it is used."""
    storage = parts.storage
    return Bookkeeping(
        reconcile_now=ReconcileNow(
            days=storage.reconciliations, plan_days=_plan_days(parts), compare=_compare(parts), clock=parts.clock
        ),
        days=storage.reconciliations,
        incidents=storage.incidents,
        books=MongoOwnBooks(parts.database),
        registry=_registry(parts),
        clock=parts.clock,
    )


def reconciliation_loop(parts: Parts, waker: ChangeStreamWaker, /) -> DispatcherLoop:
    """Return the loop that compares days when they are due; plans the first day, and goes on where the days have
    ended."""
    due = DueWork(
        reconciliations_collection(parts.database),
        owner=parts.owner,
        clock=parts.clock,
        lease_s=parts.settings.reconcile_lease_s,
    )
    step = reconcile_due_day(parts, due)
    step.plan_days.first()
    return DispatcherLoop("reconciliation", step, waker=waker, due=due)


def reconcile_due_day(parts: Parts, due: DueWork, /) -> ReconcileDueDay:
    """Return the step that compares one due day."""
    return ReconcileDueDay(
        due=MongoDue(due, to_reconciliation),
        days=parts.storage.reconciliations,
        plan_days=_plan_days(parts),
        compare=_compare(parts),
        backoff=registry_backoff(scale=parts.settings.backoff_scale),
        clock=parts.clock,
    )


def _plan_days(parts: Parts) -> PlanDays:
    grace = timedelta(seconds=parts.settings.reconcile_grace_s)
    return PlanDays(days=parts.storage.reconciliations, grace=grace, clock=parts.clock)


def _compare(parts: Parts) -> CompareBooks:
    return CompareBooks(
        registry=_registry(parts),
        books=MongoOwnBooks(parts.database),
        payments=parts.storage.payments,
        incidents=parts.storage.incidents,
        terms=ComparisonTerms(
            held_for=timedelta(seconds=parts.settings.reconcile_held_s),
            again_after=timedelta(seconds=parts.settings.reconcile_again_s),
        ),
        clock=parts.clock,
    )


def _registry(parts: Parts) -> YookassaRegistry:
    return YookassaRegistry(parts.yookassa, timeout_s=parts.settings.registry_timeout_s)
